

left



right

x