//! What operators agree on, as nouns of the command line: `gatewayctl forward …`, `gatewayctl reservation …`.
//!
//! A kind of object is one file here, which says what is its own ([`Noun`]): arguments with examples,
//! sentences, columns, fields for programs. The core's table of kinds declares the files, and gives
//! each its subcommand; asking, printing and every way to fail are common.

mod call;
mod listed;
mod noun;

pub use listed::Listed;
pub use noun::{Asked, AskedChange, Columns, Known, Noun};

use clap::Subcommand;
use ipam::AnyObject;

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// `module::Type = NUMBER;` for each kind.
macro_rules! nouns {
    ($($module:ident::$object:ident = $number:literal;)*) => {
        $(mod $module;)*

        /// A noun for each kind of object.
        #[derive(Debug, Subcommand)]
        pub enum Nouns {
            $(
                #[doc = concat!("What can be done with objects of the kind ", stringify!($object), ".")]
                #[command(
                    subcommand,
                    name = <ipam::$object as Noun>::NOUN,
                    about = <ipam::$object as Noun>::ABOUT
                )]
                $object(<ipam::$object as Noun>::Verbs),
            )*
        }

        $(
            impl Known for ipam::$object {
                const NUMBER: u32 = $number;

                fn known(object: AnyObject) -> Option<Self> {
                    match object {
                        AnyObject::$object(object) => Some(object),
                        _ => None,
                    }
                }
            }
        )*

        /// Asks the node, and prints what it says.
        pub async fn run(global: &Global, noun: &Nouns, output: &mut Output) -> Result<Exit, Failure> {
            match noun {
                $(Nouns::$object(verb) => call::run::<ipam::$object>(global, verb, output).await,)*
            }
        }
    };
}

ipam::for_each_kind!(nouns);
