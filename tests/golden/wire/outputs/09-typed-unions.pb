
!
o0
J



five	Z
str