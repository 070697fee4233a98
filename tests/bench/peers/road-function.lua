local decode = require("cjson").decode

local function score(d)
    local total, peak = 0, 0
    for _, v in ipairs(d.vals) do
        total = total + v
        if v > peak then peak = v end
    end
    local score = total * 3 + peak
    if d.kind == "error" then
        score = score + 1000
    elseif d.kind == "login" and total > 200 then
        score = score + 50
    end
    local level = score > 1500 and "crit" or score > 800 and "warn" or "ok"
    return d.id, level, d.host:match("^[^.]*") .. ":" .. d.user:lower(), score
end

io.stdout:setvbuf("full", 262144)
for line in io.lines(arg[1]) do
    io.write(string.format('{"id":%d,"level":"%s","name":"%s","score":%d}\n', score(decode(line))))
end
