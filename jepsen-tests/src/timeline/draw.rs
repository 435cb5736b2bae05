//! The drawing itself, from back to front: axis, rows, bands, breaches, words.

use std::collections::BTreeMap;

use super::bars::{Bar, Rows, rows};
use super::canvas::{Anchor, Area, Canvas};
use super::layout::{Layout, MOST_ROWS, WIDTH, lanes};
use crate::check::{FaultSpan, Faults, Holds, Place, Report, Validity, seconds};
use crate::history::History;

/// The most clients that the legend names.
const NAMED_CLIENTS: usize = 10;
/// The most breaches that are written out.
const WRITTEN_BREACHES: usize = 12;
const LINE: f64 = 15.0;
const INK: &str = "#222222";
const FAINT: &str = "#dddddd";
const RED: &str = "#d00000";
/// Of faults, by turns.
const FAULT_COLOURS: [&str; 5] = ["#e8a33d", "#7a7a7a", "#b07cc6", "#5aa0a0", "#c2b04a"];

/// Everything that goes into the picture.
struct Picture<'a> {
    layout: Layout,
    rows: Rows,
    colours: BTreeMap<String, String>,
    faults: &'a [FaultSpan],
    labels: Vec<String>,
    lanes: Vec<usize>,
    places: Vec<Place>,
    canvas: Canvas,
}

/// The timeline of `history` as SVG, with what `report` found.
pub fn svg(history: &History, report: &Report) -> String {
    let end = history.end();
    let holds = Holds::of(history);
    let faults = Faults::of(history);
    let places = places(report);
    let rows = rows(&holds, &places, end, MOST_ROWS);
    let labels: Vec<String> = faults.all().iter().map(label).collect();
    let lanes = lanes(faults.all(), &labels, end);
    let used = lanes.iter().max().map_or(0, |lane| lane + 1);
    let mut picture = Picture {
        layout: Layout::new(&rows, used, end),
        colours: colours(&rows),
        rows,
        faults: faults.all(),
        labels,
        lanes,
        places,
        canvas: Canvas::new(),
    };
    picture.title(history, report);
    picture.axis();
    picture.rows();
    picture.faults();
    picture.breaches();
    let bottom = picture.legend(report);
    picture.canvas.finish(WIDTH, bottom)
}

fn places(report: &Report) -> Vec<Place> {
    let evidence = report.verdicts.iter().flat_map(|verdict| &verdict.evidence);
    evidence.filter_map(|evidence| evidence.place).collect()
}

fn label(fault: &FaultSpan) -> String {
    let targets = fault.fault.targets.join(" ");
    let detail = fault.fault.detail.as_deref().unwrap_or_default();
    let words = [fault.name.as_str(), &targets, detail];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Colours of neighbours lie far apart: hues by about the golden angle.
fn colours(rows: &Rows) -> BTreeMap<String, String> {
    let clients = rows.clients.iter().enumerate();
    let colour = |(number, client): (usize, &String)| {
        // Red is for breaches.
        let hue = 25 + (number * 137) % 310;
        let light = [45, 60, 52][number % 3];
        (client.clone(), format!("hsl({hue},60%,{light}%)"))
    };
    clients.map(colour).collect()
}

impl Picture<'_> {
    fn title(&mut self, history: &History, report: &Report) {
        let workload = history.setup().map_or("", |setup| setup.workload.as_str());
        let (verdict, colour) = match report.validity() {
            Validity::Valid => ("valid", INK),
            Validity::Unknown => ("unknown", RED),
            Validity::Invalid => ("BROKEN", RED),
        };
        let title = format!("Who held which address: {workload}, {verdict}");
        self.canvas
            .text((12.0, 24.0), 18.0, Anchor::Start, colour, &title);
        let (shown, all) = (self.rows.shown.len(), self.rows.all);
        let mut about = format!(
            "{} clients, {all} addresses, {} faults, {}",
            self.rows.clients.len(),
            self.faults.len(),
            seconds(self.layout.end())
        );
        if shown < all {
            about.push_str(&format!(
                ". Shown are {shown} addresses: those with breaches, then those with the most holds"
            ));
        }
        self.canvas
            .text((12.0, 44.0), 12.0, Anchor::Start, INK, &about);
    }

    fn axis(&mut self) {
        let (top, bottom) = (self.layout.rows_top(), self.layout.rows_bottom());
        let step = self.layout.seconds_per_line();
        let lines = self.layout.end() / (step * 1_000_000_000);
        for line in 0..=lines {
            let second = line * step;
            let x = self.layout.x(second * 1_000_000_000);
            self.canvas.line((x, top), (x, bottom), FAINT);
            let at = (x, bottom + 13.0);
            let text = format!("{second} s");
            self.canvas.text(at, 10.0, Anchor::Middle, INK, &text);
        }
    }

    fn faults(&mut self) {
        let (top, bottom) = (self.layout.rows_top(), self.layout.rows_bottom());
        for (number, fault) in self.faults.iter().enumerate() {
            let colour = FAULT_COLOURS[number % FAULT_COLOURS.len()];
            let (from, until) = fault.possible;
            let strip = self.layout.strip(self.lanes[number], from, until);
            let label = &self.labels[number];
            let tooltip = format!("{label}: {} to {}", seconds(from), seconds(until));
            let band = Area {
                y: top,
                height: bottom - top,
                ..strip
            };
            let shade = "fill=\"#000000\" fill-opacity=\"0.12\" pointer-events=\"none\"";
            self.canvas.area(band, shade, "");
            let strong = format!("fill=\"{colour}\" fill-opacity=\"0.7\"");
            self.canvas.area(strip, &strong, &tooltip);
            let at = (strip.x + 2.0, strip.y + 9.5);
            self.canvas.text(at, 10.0, Anchor::Start, INK, label);
        }
    }

    fn rows(&mut self) {
        let every = self.layout.label_every();
        for (number, row) in self.rows.shown.iter().enumerate() {
            let area = self.layout.bar(number, 0, 0, 0.0);
            if number % every == 0 {
                let at = (area.x - 6.0, area.y + area.height / 2.0 + 3.5);
                let address = row.address.to_string();
                self.canvas.text(at, 10.0, Anchor::End, INK, &address);
            }
            for bar in &row.bars {
                let area = self.layout.bar(number, bar.from, bar.until, 1.0);
                let colour = self.colours.get(&bar.client).map_or(INK, String::as_str);
                let tooltip = tooltip(bar, &row.address.to_string());
                self.canvas
                    .area(area, &format!("fill=\"{colour}\""), &tooltip);
                if self.layout.row_height() >= 12.0 && area.width > 110.0 {
                    let at = (area.x + 4.0, area.y + area.height - 4.0);
                    self.canvas
                        .text(at, 9.0, Anchor::Start, "white", &bar.client);
                }
            }
        }
    }

    fn breaches(&mut self) {
        for place in &self.places {
            let row = |row: &super::bars::Row| row.address == place.address;
            if let Some(number) = self.rows.shown.iter().position(row) {
                let area = self.layout.bar(number, place.from, place.until, 4.0);
                let style = format!(
                    "fill=\"{RED}\" fill-opacity=\"0.3\" stroke=\"{RED}\" stroke-width=\"2\""
                );
                let tooltip = format!("breach from {}", seconds(place.from));
                self.canvas.area(area, &style, &tooltip);
            }
        }
    }

    /// The words below; gives the bottom of the picture.
    fn legend(&mut self, report: &Report) -> f64 {
        let mut y = self.layout.rows_bottom() + 36.0;
        self.swatch(12.0, y, "fill=\"hsl(200,60%,45%)\"");
        let held = "held: from the ACK until the lease time, counted from the REQUEST, is over, or it is given up; one colour for each client";
        self.words(y, INK, held);
        y += LINE;
        self.swatch(12.0, y, "fill=\"#e8a33d\" fill-opacity=\"0.4\"");
        self.words(y, INK, "a fault is on");
        y += LINE;
        self.swatch(12.0, y, &format!("fill=\"{RED}\""));
        self.words(y, INK, "a promise is broken");
        y += LINE;
        if self.colours.len() <= NAMED_CLIENTS {
            for (client, colour) in &self.colours.clone() {
                self.swatch(12.0, y, &format!("fill=\"{colour}\""));
                self.words(y, INK, client);
                y += LINE;
            }
        }
        let breaches = report.verdicts.iter().flat_map(|verdict| {
            let evidence = verdict.evidence.iter();
            evidence.map(|evidence| format!("{}: {}", verdict.rule, evidence.text))
        });
        let breaches: Vec<String> = breaches.collect();
        for breach in breaches.iter().take(WRITTEN_BREACHES) {
            self.words(y, RED, breach);
            y += LINE;
        }
        if breaches.len() > WRITTEN_BREACHES {
            let more = format!("… and {} more", breaches.len() - WRITTEN_BREACHES);
            self.words(y, RED, &more);
            y += LINE;
        }
        y
    }

    fn swatch(&mut self, x: f64, y: f64, style: &str) {
        let area = Area {
            x,
            y: y - 9.0,
            width: 16.0,
            height: 10.0,
        };
        self.canvas.area(area, style, "");
    }

    fn words(&mut self, y: f64, colour: &str, text: &str) {
        self.canvas
            .text((34.0, y), 12.0, Anchor::Start, colour, text);
    }
}

fn tooltip(bar: &Bar, address: &str) -> String {
    format!(
        "{address} held by {} from {} to {}, {} ACKs",
        bar.client,
        seconds(bar.from),
        seconds(bar.until),
        bar.acks
    )
}
