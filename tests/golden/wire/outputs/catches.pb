

o0

RuntimeUserError