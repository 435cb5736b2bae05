//! The table of kinds made code: the state's tables, and the types that stand for an object, a key and a
//! kind of any sort.

/// `module::Type = NUMBER, table, "singular", "plural";` for each kind. Numbers are forever: they are in
/// the log and in snapshots.
macro_rules! objects {
    ($($module:ident::$object:ident = $number:literal, $table:ident, $singular:literal, $plural:literal;)*) => {
        $(mod $module; pub use $module::*;)*

        /// Everything that operators agree on.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Objects {
            $(#[doc = concat!("The ", $plural, ".")] pub $table: Table<$object>,)*
        }

        /// A kind of object.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = concat!("A ", $singular, ".")] $object = $number,)*
        }

        /// An object of any kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum AnyObject {
            $(#[doc = concat!("A ", $singular, ".")] $object($object),)*
        }

        /// The key of an object of any kind.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum AnyKey {
            $(#[doc = concat!("A ", $singular, "'s.")] $object(<$object as Object>::Key),)*
        }

        $(
            impl Registered for $object {
                const KIND: Kind = Kind::$object;

                fn table(objects: &Objects) -> &Table<Self> {
                    &objects.$table
                }

                fn table_mut(objects: &mut Objects) -> &mut Table<Self> {
                    &mut objects.$table
                }

                fn any_key(key: Self::Key) -> AnyKey {
                    AnyKey::$object(key)
                }
            }

            impl From<$object> for AnyObject {
                fn from(object: $object) -> Self {
                    Self::$object(object)
                }
            }
        )*

        impl Kind {
            /// Every kind, by number.
            pub const ALL: &[Self] = &[$(Self::$object,)*];

            /// The most of them that a cluster can have.
            #[must_use]
            pub const fn limit(self) -> usize {
                match self { $(Self::$object => <$object as Object>::LIMIT,)* }
            }

            /// As [`Object::LEADERS`].
            #[must_use]
            pub const fn is_leaders(self) -> bool {
                match self { $(Self::$object => <$object as Object>::LEADERS,)* }
            }

            /// The most objects of all kinds together.
            pub const LIMIT_OF_ALL: usize = 0 $(+ <$object as Object>::LIMIT)*;

            /// What one is called.
            #[must_use]
            pub const fn singular(self) -> &'static str {
                match self { $(Self::$object => $singular,)* }
            }

            /// What several are called.
            #[must_use]
            pub const fn plural(self) -> &'static str {
                match self { $(Self::$object => $plural,)* }
            }

            /// What operators call it in commands.
            #[must_use]
            pub const fn noun(self) -> &'static str {
                match self { $(Self::$object => stringify!($module),)* }
            }

            /// The name of its type, for programs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$object => stringify!($object),)* }
            }
        }

        impl AnyKey {
            /// Of which kind.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$object(_) => Kind::$object,)* }
            }
        }

        impl core::fmt::Display for AnyKey {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self { $(Self::$object(key) => core::fmt::Display::fmt(key, f),)* }
            }
        }

        impl core::fmt::Display for AnyObject {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self { $(Self::$object(object) => core::fmt::Display::fmt(object, f),)* }
            }
        }

        impl AnyObject {
            /// Its key.
            #[must_use]
            pub fn key(&self) -> AnyKey {
                match self { $(Self::$object(object) => AnyKey::$object(object.key()),)* }
            }

            /// Of which kind.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$object(_) => Kind::$object,)* }
            }

            /// As [`Object::size_bound`].
            #[must_use]
            pub fn size_bound(&self) -> usize {
                match self { $(Self::$object(object) => object.size_bound(),)* }
            }

            /// As [`Object::check_budget`].
            pub fn check_budget(&self) -> Result<(), crate::budget::OverBudget> {
                match self { $(Self::$object(object) => object.check_budget(),)* }
            }

            /// As [`Object::taken`].
            #[must_use]
            pub fn taken(&self) -> alloc::string::String {
                match self { $(Self::$object(object) => object.taken(),)* }
            }

            /// As [`Object::notices`].
            #[must_use]
            pub fn notices(&self, state: &crate::State) -> alloc::vec::Vec<alloc::string::String> {
                match self { $(Self::$object(object) => object.notices(state),)* }
            }

            /// As [`Object::notices_when_gone`].
            #[must_use]
            pub fn notices_when_gone(&self, state: &crate::State) -> alloc::vec::Vec<alloc::string::String> {
                match self { $(Self::$object(object) => object.notices_when_gone(state),)* }
            }

            /// As [`Object::now`].
            #[must_use]
            pub fn now(&self, state: &crate::State) -> Option<alloc::string::String> {
                match self { $(Self::$object(object) => object.now(state),)* }
            }

            /// Some of every kind.
            #[must_use]
            pub fn samples() -> alloc::vec::Vec<Self> {
                let mut samples = alloc::vec::Vec::new();
                $(samples.extend($object::samples().into_iter().map(Self::$object));)*
                samples
            }
        }

        impl Objects {
            /// One object.
            #[must_use]
            pub fn get(&self, key: &AnyKey) -> Option<Stored<AnyObject>> {
                match key { $(AnyKey::$object(key) => self.$table.get(key).map(Stored::any),)* }
            }

            /// Every object: by kind, and by key.
            pub fn iter(&self) -> impl Iterator<Item = Stored<AnyObject>> + '_ {
                core::iter::empty()$(.chain(self.$table.values().map(Stored::any)))*
            }

            /// Every object of a kind, by key.
            #[must_use]
            pub fn of(&self, kind: Kind) -> alloc::vec::Vec<Stored<AnyObject>> {
                match kind { $(Kind::$object => self.$table.values().map(Stored::any).collect(),)* }
            }
        }

        impl crate::State {
            pub(crate) fn create(&mut self, object: &AnyObject, way: crate::apply::Way) -> crate::apply::Changed {
                match object { $(AnyObject::$object(object) => self.create_object(object, way),)* }
            }

            pub(crate) fn replace(&mut self, object: &AnyObject, expected: Option<u64>, way: crate::apply::Way) -> crate::apply::Changed {
                match object { $(AnyObject::$object(object) => self.replace_object(object, expected, way),)* }
            }

            pub(crate) fn delete(&mut self, key: &AnyKey, expected: Option<u64>) -> crate::apply::Changed {
                match key { $(AnyKey::$object(key) => self.delete_object::<$object>(key, expected),)* }
            }

            pub(crate) fn restore(&mut self, stored: &Stored<AnyObject>) -> Result<(), crate::InvalidState> {
                match &stored.object {
                    $(AnyObject::$object(object) => self.restore_object(object, stored.revision),)*
                }
            }
        }

        /// Calls a macro with the table of kinds: `module::Type = NUMBER;` each. For the crates that give
        /// every kind something of their own.
        #[macro_export]
        macro_rules! for_each_kind {
            ($callback:ident) => {
                $callback! { $($module::$object = $number;)* }
            };
        }
    };
}

pub(super) use objects;
