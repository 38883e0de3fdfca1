

o0	

RED