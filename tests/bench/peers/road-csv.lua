-- A field is quoted or plain; what was quoted for its comma is written as it came.
io.stdout:setvbuf("full", 262144)
for line in io.lines(arg[1]) do
    local ip, user, bytes = line:match('^([^,]*),[^,]*,("[^"]*"),[^,]*,(%d+)$')
    if not ip then ip, user, bytes = line:match("^([^,]*),[^,]*,([^,]*),[^,]*,(%d+)$") end
    io.write(ip, ",", user, ",", string.format("%d", bytes * 8), "\n")
end
