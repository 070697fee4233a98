//! Fields and words, ends of months, and the two days of the year on which clocks jump.

use super::*;

const PRAGUE: &str = "Europe/Prague";

/// The next times, in local time.
fn times(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let zone = TimeZone::get(zone).unwrap();
    let cron = Cron::parse_in(cron, zone.clone()).unwrap();
    let mut at = SystemTime::from(after.parse::<Timestamp>().unwrap());
    let mut all = Vec::new();
    while all.len() < count
        && let Some(next) = cron.next(at)
    {
        assert!(next > at);
        at = next;
        all.push(Timestamp::try_from(next).unwrap().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %z").to_string());
    }
    all
}

fn utc(cron: &str, after: &str, count: usize) -> Vec<String> {
    times(cron, "UTC", after, count).into_iter().map(|time| time.trim_end_matches(" +0000").to_owned()).collect()
}

fn wrong(cron: &str) -> String {
    Cron::parse_in(cron, TimeZone::UTC).unwrap_err()
}

#[test]
fn lists_ranges_steps_and_names() {
    let after = "2026-03-04T08:59:59Z"; // a Wednesday
    assert_eq!(utc("* * * * *", after, 2), ["2026-03-04 09:00", "2026-03-04 09:01"]);
    assert_eq!(utc("*/20 9-10 * * *", after, 4), ["2026-03-04 09:00", "2026-03-04 09:20", "2026-03-04 09:40", "2026-03-04 10:00"]);
    assert_eq!(utc("10-50/20,5 9 * * Mon-Fri", after, 4), ["2026-03-04 09:05", "2026-03-04 09:10", "2026-03-04 09:30", "2026-03-04 09:50"]);
    assert_eq!(utc("0 0 * JAN,jul *", after, 2), ["2026-07-01 00:00", "2026-07-02 00:00"]);
    assert_eq!(utc("0 12 * * 7", after, 2), ["2026-03-08 12:00", "2026-03-15 12:00"]);
    assert_eq!(utc("0 12 * * sun", after, 1), utc("0 12 * * 0", after, 1));
    assert_eq!(utc("@hourly", after, 2), ["2026-03-04 09:00", "2026-03-04 10:00"]);
    assert_eq!(utc("@weekly", after, 1), ["2026-03-08 00:00"]);
    assert_eq!(utc("@Monthly", after, 1), ["2026-04-01 00:00"]);
    assert_eq!(utc("@yearly", after, 1), ["2027-01-01 00:00"]);
    // On the minute itself the next one is meant.
    assert_eq!(utc("0 9 * * *", "2026-03-04T09:00:00Z", 1), ["2026-03-05 09:00"]);
}

#[test]
fn of_day_and_weekday_either_will_do_where_both_are_said() {
    let after = "2026-03-04T00:00:00Z";
    assert_eq!(utc("0 0 13 * fri", after, 3), ["2026-03-06 00:00", "2026-03-13 00:00", "2026-03-20 00:00"]);
    assert_eq!(utc("0 0 */2 * fri", after, 2), ["2026-03-13 00:00", "2026-03-27 00:00"]);
}

#[test]
fn months_end_where_they_do() {
    assert_eq!(utc("0 0 31 * *", "2026-01-31T12:00:00Z", 3), ["2026-03-31 00:00", "2026-05-31 00:00", "2026-07-31 00:00"]);
    assert_eq!(utc("30 * 29 2 *", "2026-01-01T00:00:00Z", 1), ["2028-02-29 00:30"]);
    assert_eq!(utc("0 0 29 2 *", "2096-03-01T00:00:00Z", 1), ["2104-02-29 00:00"]);
    assert_eq!(utc("59 23 31 12 *", "2026-12-31T23:59:00Z", 1), ["2027-12-31 23:59"]);
}

#[test]
fn a_fixed_time_in_the_gap_comes_when_the_gap_is_over_and_only_once() {
    // 2026-03-29: 02:00 +01:00 is followed by 03:00 +02:00.
    let after = "2026-03-28T12:00:00Z";
    assert_eq!(times("30 2 * * *", PRAGUE, after, 2), ["2026-03-29 03:00 +0200", "2026-03-30 02:30 +0200"]);
    assert_eq!(times("0,15,30 2 * * *", PRAGUE, after, 2), ["2026-03-29 03:00 +0200", "2026-03-30 02:00 +0200"]);
    // At midnight: 2018-11-04 in São Paulo begins at 01:00.
    assert_eq!(times("30 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", 2), ["2018-11-04 01:00 -0200", "2018-11-05 00:30 -0200"]);
}

#[test]
fn a_fixed_time_that_comes_twice_is_meant_once() {
    // 2026-10-25: 03:00 +02:00 is followed by 02:00 +01:00.
    let after = "2026-10-24T12:00:00Z";
    assert_eq!(times("30 2 * * *", PRAGUE, after, 2), ["2026-10-25 02:30 +0200", "2026-10-26 02:30 +0100"]);
}

#[test]
fn free_hours_count_time_as_it_goes_by() {
    assert_eq!(
        times("30 * * * *", PRAGUE, "2026-10-24T23:45:00Z", 3),
        ["2026-10-25 02:30 +0200", "2026-10-25 02:30 +0100", "2026-10-25 03:30 +0100"]
    );
    assert_eq!(times("30 * * * *", PRAGUE, "2026-03-29T00:15:00Z", 2), ["2026-03-29 01:30 +0100", "2026-03-29 03:30 +0200"]);
    // A jump of half an hour.
    assert_eq!(
        times("15,45 * * * *", "Australia/Lord_Howe", "2026-10-03T15:00:00Z", 3),
        ["2026-10-04 01:45 +1030", "2026-10-04 02:45 +1100", "2026-10-04 03:15 +1100"]
    );
}

#[test]
fn what_is_wrong_is_told() {
    assert_eq!(wrong("* * * *"), "five fields are wanted, minute hour day month weekday, but here are 4");
    assert_eq!(wrong("60 * * * *"), "minutes go from 0 to 59, but here is 60");
    assert_eq!(wrong("* * 0 * *"), "days go from 1 to 31, but here is 0");
    assert_eq!(wrong("* * * * fry"), "`fry` is no weekday");
    assert_eq!(wrong("* * * * fri-mon"), "weekday: `fri-mon` goes backwards");
    assert_eq!(wrong("5/10 * * * *"), "minute: a step needs a range, `5-59/10`");
    assert_eq!(wrong("*/0 * * * *"), "minute: `0` is no step");
    assert_eq!(wrong("@hourley"), "there is no `@hourley`; did you mean `@hourly`?");
    assert_eq!(wrong("0 0 30 2 *"), "there is no such day in any year");
    assert_eq!(wrong(""), "five fields are wanted, minute hour day month weekday, but here are 0");
    assert!(wrong("1,,2 * * * *").contains("is no minute") && wrong("-1 * * * *").contains("is no minute"));
}
