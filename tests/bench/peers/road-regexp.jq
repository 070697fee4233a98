capture("^(?<client>\\S+) \\S+ (?<user>\\S+) \\[(?<time>[^\\]]+)\\] \"(?<verb>[A-Z]+) (?<path>[^\" ]+) (?<protocol>[^\"]+)\" (?<status>\\d{3}) (?<size>\\d+|-) \"(?<referer>[^\"]*)\" \"(?<agent>[^\"]*)\"$")
| .status |= tonumber
