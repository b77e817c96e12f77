//! Code of other modules: whose names are seen, and what a name of theirs stands for.

use super::value::{Home, Value};
use super::{BUDGET, Reader, Scope};

/// How often a name is handed on from module to module.
const RELAYS: usize = 4;

impl<'a> Reader<'a> {
    /// Runs code with the names of its module around it.
    pub(super) fn at_home<T>(&mut self, home: Home, run: impl FnOnce(&mut Self) -> T) -> T {
        if home == self.home {
            return run(self);
        }
        let own = self.names_of(home).cloned().unwrap_or_default();
        let frames = std::mem::replace(&mut self.frames, vec![own]);
        let outer = std::mem::replace(&mut self.home, home);
        let star = self.star.take();
        let value = run(self);
        (self.frames, self.home, self.star) = (frames, outer, star);
        value
    }

    /// The names of a module. What it does by being imported is nothing that a migration does.
    fn names_of(&mut self, home: Home) -> Option<&Scope<'a>> {
        if self.names.get(home)?.is_none() {
            let module = self.imported.get(home.checked_sub(1)?)?;
            // One that imports itself in a circle sees nothing.
            self.names[home] = Some(Scope::new());
            let frames = std::mem::replace(&mut self.frames, vec![Scope::new()]);
            let (out, budget) = (std::mem::take(&mut self.out), std::mem::replace(&mut self.budget, BUDGET));
            let outer = std::mem::replace(&mut self.home, home);
            let star = self.star.take();
            self.block(&module.syntax().body);
            self.names[home] = self.frames.drain(..).next();
            (self.frames, self.out, self.budget) = (frames, out, budget);
            (self.home, self.star) = (outer, star);
        }
        self.names[home].as_ref()
    }

    /// What a name of another module stands for, where that has been read; otherwise it stays a name.
    pub(super) fn followed(&mut self, value: Value<'a>) -> Value<'a> {
        let mut value = value;
        for _ in 0..RELAYS {
            let Some(next) = value.global().and_then(|path| self.known(path)) else { return value };
            value = next;
        }
        value
    }

    fn known(&mut self, path: &str) -> Option<Value<'a>> {
        let (module, name) = path.rsplit_once('.')?;
        let at = self.imported.iter().position(|own| own.name == module)?;
        match self.names_of(at + 1)?.get(name)? {
            Value::Unknown => None,
            Value::Global(own) if &**own == path => None,
            value => Some(value.clone()),
        }
    }

    /// The full name of a module that is imported here.
    pub(super) fn absolute(&self, dots: u32, name: &str) -> String {
        let module = self.home.checked_sub(1).and_then(|at| self.imported.get(at));
        let full = module.filter(|_| dots > 0).and_then(|module| module.absolute(dots, name));
        full.unwrap_or_else(|| format!("{}{name}", ".".repeat(usize::try_from(dots).unwrap_or(1))))
    }
}
