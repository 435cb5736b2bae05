//! Enumerations whose variants are rows of a report: one list gives the enum, its names and `ALL`, so that none can be
//! left out.

/// Defines a field-less enum with a name for each variant.
macro_rules! named {
    (
        $(#[$attribute:meta])*
        pub enum $enum:ident {
            $( $(#[$doc:meta])* $variant:ident => $name:literal, )+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $enum {
            $( $(#[$doc])* $variant, )+
        }

        impl $enum {
            /// All of them.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// Its name in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$variant => $name, )+
                }
            }
        }
    };
}
