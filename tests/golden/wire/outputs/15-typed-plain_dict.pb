

o0

	Ç°a°bí√¿msgpack