//! Changes of objects: the same for every kind. What a kind allows stands in its own file.

use super::{Changed, Events, Verdict, Way};
use crate::budget::{Item, OverBudget};
use crate::objects::{Change, ObjectCommand, Registered, Revision, Stored};
use crate::{InvalidState, ObjectChange, ObjectRefusal, Outcome, State};
use alloc::boxed::Box;

impl State {
    pub(super) fn change_object(
        &mut self,
        command: &ObjectCommand,
        index: u64,
        events: &mut Events,
    ) -> Verdict<ObjectRefusal> {
        if self.cluster_id.is_none() {
            return Err(ObjectRefusal::NotBootstrapped);
        }
        let way = Way {
            index,
            force: command.force,
        };
        let change = match &command.change {
            Change::Create(object) => self.create(object, way)?,
            Change::Replace { object, expected } => self.replace(object, *expected, way)?,
            Change::Delete { key, expected } => self.delete(key, *expected)?,
        };
        events.changed(command.change.key(), change);
        Ok(Outcome::Done)
    }

    /// One key has one owner (S9). The same object once more is done already.
    pub(crate) fn create_object<T: Registered>(&mut self, object: &T, way: Way) -> Changed {
        object.check_budget()?;
        object.check(self)?;
        let table = T::table(&self.objects);
        match table.get(&object.key()) {
            Some(same) if same.object == *object => return Ok(None),
            //~ mutant s9_port_taken_over: Some(_) if T::KIND == crate::Kind::Forward => {}
            Some(other) => {
                return Err(ObjectRefusal::Exists(Box::new(other.object.clone().into())));
            }
            None => {}
        }
        OverBudget::check_number(Item::Objects(T::KIND), table.len() + 1, T::LIMIT)?;
        object.admit(self, way.force)?;
        let (created, changed) = (way.index, way.index);
        self.put_object(object, Revision { created, changed });
        Ok(Some(ObjectChange::Created))
    }

    pub(crate) fn replace_object<T: Registered>(
        &mut self,
        object: &T,
        expected: Option<u64>,
        way: Way,
    ) -> Changed {
        object.check_budget()?;
        let before = self.expect::<T>(&object.key(), expected)?;
        if before.object == *object {
            return Ok(None);
        }
        let created = before.revision.created;
        object.check(self)?;
        object.admit(self, way.force)?;
        let changed = way.index;
        self.put_object(object, Revision { created, changed });
        Ok(Some(ObjectChange::Replaced))
    }

    pub(crate) fn delete_object<T: Registered>(
        &mut self,
        key: &T::Key,
        expected: Option<u64>,
    ) -> Changed {
        let object = &self.expect::<T>(key, expected)?.object;
        object.may_be_deleted(self)?;
        let before = T::table_mut(&mut self.objects).remove(key);
        let before = before.map(|stored| stored.object);
        T::on_change(self, before.as_ref(), None);
        Ok(Some(ObjectChange::Deleted))
    }

    /// Puts an object of a snapshot in its place.
    pub(crate) fn restore_object<T: Registered>(
        &mut self,
        object: &T,
        revision: Revision,
    ) -> Result<(), InvalidState> {
        let key = object.key();
        let table = T::table(&self.objects);
        if table.contains_key(&key) {
            return Err(InvalidState::Duplicate(T::KIND.plural()));
        }
        let within = OverBudget::check_number(Item::Objects(T::KIND), table.len() + 1, T::LIMIT);
        let checked = within
            .and_then(|()| object.check_budget())
            .map_err(ObjectRefusal::from)
            .and_then(|()| object.check(self));
        checked.map_err(|source| InvalidState::Object {
            key: T::any_key(key),
            source: Box::new(source),
        })?;
        self.put_object(object, revision);
        Ok(())
    }

    /// The object as it is, if it is the one that the change is meant for.
    fn expect<T: Registered>(
        &self,
        key: &T::Key,
        expected: Option<u64>,
    ) -> Result<&Stored<T>, ObjectRefusal> {
        let stored = T::table(&self.objects).get(key);
        let stored = stored.ok_or_else(|| ObjectRefusal::NotFound(T::any_key(key.clone())))?;
        let found = stored.revision.changed;
        match expected.filter(|expected| *expected != found) {
            Some(expected) => Err(ObjectRefusal::RevisionChanged {
                key: T::any_key(key.clone()),
                expected,
                found,
            }),
            None => Ok(stored),
        }
    }

    fn put_object<T: Registered>(&mut self, object: &T, revision: Revision) {
        let stored = Stored {
            object: object.clone(),
            revision,
        };
        let before = T::table_mut(&mut self.objects).insert(object.key(), stored);
        let before = before.map(|stored| stored.object);
        T::on_change(self, before.as_ref(), Some(object));
    }
}
