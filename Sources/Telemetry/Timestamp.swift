// Wall-clock time as the logs and reports print it. Never for decisions: those read `Instant`.

import Glibc

/// A moment of wall-clock time, to the microsecond. Prints as RFC 3339 in UTC: `2026-11-21T06:11:40.123456Z`.
package struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// The system's real-time clock now.
    package static func now() -> Timestamp {
        var time = timespec()
        // Fails only for a bad clock id or address, which would be our bug.
        precondition(clock_gettime(CLOCK_REALTIME, &time) == 0, "the real-time clock can't be read")
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// RFC 3339 §5.6, always UTC, always six digits of fraction, so that the texts sort as the moments do.
    package var description: String {
        let (second, fraction) = microseconds.flooredDivision(by: 1_000_000)
        let (day, secondOfDay) = second.flooredDivision(by: 86_400)
        let date = Self.civilDate(daysSinceEpoch: day)
        let (hour, minute) = (secondOfDay / 3600, secondOfDay / 60 % 60)
        return "\(date.year.padded(4))-\(date.month.padded(2))-\(date.day.padded(2))T"
            + "\(hour.padded(2)):\(minute.padded(2)):\((secondOfDay % 60).padded(2)).\(fraction.padded(6))Z"
    }

    /// The proleptic Gregorian date of a day (Howard Hinnant, "chrono-compatible low-level date algorithms",
    /// `civil_from_days`): years begin in March, so that the leap day comes last.
    private static func civilDate(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (daysSinceEpoch + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, day)
    }
}

extension Int64 {
    /// Quotient rounded towards minus infinity and the remainder, which is never negative.
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// The decimal digits of a number that is not negative, filled up with zeros on the left.
    fileprivate func padded(_ width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}
