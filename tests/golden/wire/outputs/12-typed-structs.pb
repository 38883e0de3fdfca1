

o0

Ç°a°bêmsgpack