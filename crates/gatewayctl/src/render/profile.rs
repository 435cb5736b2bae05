//! The profile as text.

use super::Style;
use crate::view::ProfileView;
use std::fmt::Write;

/// A few lines; the last one says what to do, if anything is to be done.
#[must_use]
pub fn profile(view: &ProfileView, _: Style) -> String {
    let mut text = format!(
        "Profile     {}
",
        view.agreed
    );
    if view.used != view.agreed || view.local.is_some() {
        let why = match view.local {
            Some(_) => "told to this node alone",
            None => "not taken over yet",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "This node   {}, {why}", view.used);
    }
    for trip in &view.round_trips {
        let (whole, tenth) = (trip.micros / 1000, trip.micros / 100 % 10);
        let _ = writeln!(
            text,
            "Round trip  {whole}.{tenth} ms to node {}",
            trip.node_id
        );
    }
    match &view.fitting {
        Some(fitting) if *fitting != view.agreed => {
            let _ = writeln!(
                text,
                "Fitting     {fitting}: gatewayctl profile set {fitting}"
            );
        }
        Some(fitting) => {
            let _ = writeln!(text, "Fitting     {fitting}");
        }
        None => {}
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::RoundTripView;

    #[test]
    fn a_profile_that_does_not_fit_names_the_command() {
        let view = ProfileView {
            agreed: "lan".to_owned(),
            used: "wan".to_owned(),
            local: Some("wan".to_owned()),
            fitting: Some("wan".to_owned()),
            round_trips: vec![RoundTripView {
                node_id: 2,
                micros: 180_450,
            }],
        };
        assert_eq!(
            profile(&view, Style::PLAIN),
            "Profile     lan
\
             This node   wan, told to this node alone
\
             Round trip  180.4 ms to node 2
\
             Fitting     wan: gatewayctl profile set wan
"
        );
    }
}
