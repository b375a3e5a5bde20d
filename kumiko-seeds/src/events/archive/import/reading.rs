//! What stands in the lines of an export, some events at a time.

use std::io;

use super::ImportError;
use crate::events::Stream;
use crate::events::archive::exported::{Event, Line, Mark};

/// Some events of a stream.
pub(super) struct Block {
    pub(super) mark: Mark,
    pub(super) events: Vec<Event>,
    /// Whether these are the last.
    pub(super) is_whole: bool,
}

impl Block {
    pub(super) fn stream(&self) -> Stream {
        Stream {
            tenant_id: self.mark.tenant_id,
            aggregate_type: self.mark.aggregate_type.clone(),
            aggregate_id: self.mark.aggregate_id,
        }
    }
}

/// The lines of an export.
pub(super) struct Reading<I> {
    lines: I,
    /// Of the line that was read last.
    number: u64,
    is_cut_off: bool,
}

impl<I: Iterator<Item = io::Result<String>>> Reading<I> {
    pub(super) fn of(lines: I) -> Self {
        Self {
            lines,
            number: 0,
            is_cut_off: false,
        }
    }

    /// Whether the lines end in the middle of a stream.
    pub(super) fn is_cut_off(&self) -> bool {
        self.is_cut_off
    }

    /// The beginning of the next stream, with up to so many events; none at the end.
    pub(super) fn block(&mut self, most: usize) -> Result<Option<Block>, ImportError> {
        match self.next()? {
            None => Ok(None),
            Some(Line::Stream(mark)) => self.rest(mark, 0, most),
            Some(_) => Err(self.malformed("a stream has to begin here")),
        }
    }

    /// Up to so many further events of a stream that has had some `before`; none if the lines end before it does.
    pub(super) fn rest(
        &mut self,
        mark: Mark,
        before: usize,
        most: usize,
    ) -> Result<Option<Block>, ImportError> {
        let mut events = Vec::new();
        let is_whole = loop {
            if events.len() == most {
                break false;
            }
            match self.next()? {
                Some(Line::Event(event)) => events.push(event),
                Some(Line::Events(exported)) if exported == before + events.len() => break true,
                Some(Line::Events(exported)) => {
                    let here = before + events.len();
                    let problem = format!("{exported} events were exported, and {here} are here");
                    return Err(self.malformed(problem));
                }
                Some(Line::Stream(_)) => {
                    return Err(self.malformed("the stream before it has no end"));
                }
                None => {
                    self.is_cut_off = true;
                    return Ok(None);
                }
            }
        };
        Ok(Some(Block {
            mark,
            events,
            is_whole,
        }))
    }

    /// The next line; none at the end, or if the last one is not whole.
    fn next(&mut self) -> Result<Option<Line>, ImportError> {
        let Some(line) = self.lines.next() else {
            return Ok(None);
        };
        self.number += 1;
        let line = line.map_err(|source| ImportError::Unreadable {
            line: self.number,
            source,
        })?;
        match serde_json::from_str(&line) {
            Ok(line) => Ok(Some(line)),
            Err(error) if error.is_eof() && self.lines.next().is_none() => {
                self.is_cut_off = true;
                Ok(None)
            }
            Err(error) => Err(self.malformed(error.to_string())),
        }
    }

    fn malformed(&self, problem: impl Into<String>) -> ImportError {
        ImportError::Malformed {
            line: self.number,
            problem: problem.into(),
        }
    }
}
