// A class that can be extended, called, constructed and read: matrix-bot-sdk touches its
// dependencies while it loads (enums, superclasses), but nothing that Roost uses calls them.
module.exports = new Proxy(class Absent {}, {
  get(target, key) {
    return key in target ? target[key] : module.exports;
  },
  apply() {
    throw new Error("This package is left out of Roost; see build/empty-module.");
  },
});
