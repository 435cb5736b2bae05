//! Enumerations whose variants are labels, of metrics or rows: one list gives the enum, its names and `ALL`, so that
//! none can be left out.

/// Defines a field-less enum with a label for each variant.
#[macro_export]
macro_rules! labelled {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident {
            $( $(#[$doc:meta])* $variant:ident => $label:literal, )+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[$doc])* $variant, )+
        }

        impl $name {
            /// Every variant, in the order of [`Self::index`].
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The label.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$variant => $label, )+
                }
            }

            /// Where this variant stands in [`Self::ALL`].
            #[must_use]
            pub const fn index(self) -> usize {
                self as usize
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use labelled;
