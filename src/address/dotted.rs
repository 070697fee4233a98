//! IPv4 addresses as texts write them, read and written without detours: most texts that are read as addresses are such.

/// The address that `text` is; none where it is anything else. What is read is what [`std::net::Ipv4Addr`] reads.
pub(super) fn read(text: &[u8]) -> Option<u32> {
    // 1.1.1.1 to 255.255.255.255
    if !(7..=15).contains(&text.len()) {
        return None;
    }
    let (mut address, mut dots) = (0_u32, 0);
    let (mut part, mut digits) = (0_u32, 0);
    for byte in text {
        match byte {
            b'0'..=b'9' if digits == 0 || digits < 3 && part != 0 => {
                part = part * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && part <= 255 && dots < 3 => {
                address = address << 8 | part;
                (part, digits, dots) = (0, 0, dots + 1);
            }
            _ => return None,
        }
    }
    (dots == 3 && digits > 0 && part <= 255).then_some(address << 8 | part)
}

/// Appends the address.
pub(super) fn write(out: &mut String, address: u32) {
    for (place, part) in address.to_be_bytes().into_iter().enumerate() {
        if place > 0 {
            out.push('.');
        }
        let digit = |digit: u8| char::from(b'0' + digit);
        if part >= 100 {
            out.push(digit(part / 100));
        }
        if part >= 10 {
            out.push(digit(part / 10 % 10));
        }
        out.push(digit(part % 10));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn as_the_library_reads(text: &str) -> Option<u32> {
        text.parse::<Ipv4Addr>().ok().map(Ipv4Addr::to_bits)
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_library_reads(text in "[0-9.]{0,16}|([0-9]{1,3}[.x]){3}[0-9]{1,3}|\\PC{0,16}") {
            prop_assert_eq!(read(text.as_bytes()), as_the_library_reads(&text));
        }

        #[test]
        fn what_is_written_is_what_the_library_writes(address: u32) {
            let mut text = String::new();
            write(&mut text, address);
            prop_assert_eq!(&text, &Ipv4Addr::from_bits(address).to_string());
            prop_assert_eq!(read(text.as_bytes()), Some(address));
        }
    }

    #[test]
    fn the_edges() {
        for text in [
            "0.0.0.0",
            "255.255.255.255",
            "256.0.0.1",
            "1.1.1",
            "1.1.1.",
            ".1.1.1",
            "1..1.1",
            "1.1.1.1.1",
            "01.1.1.1",
            "1.1.1.00",
            "1.1.1.0001",
            "99999999999.1",
            "",
        ] {
            assert_eq!(read(text.as_bytes()), as_the_library_reads(text), "{text}");
        }
    }
}
