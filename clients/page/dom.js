// SPDX-License-Identifier: Apache-2.0
/** Elements, made without markup, and lists of them that are kept in step with data. */

/** The element with that id. */
export const byId = id => document.getElementById(id);

/**
 * A new element. Keys that begin with "on" are listeners, those that the element knows as properties are set
 * as such, the others become attributes; children are elements or texts (never markup), null ones are left out.
 */
export function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
        if (key.startsWith('on')) {
            made.addEventListener(key.slice(2), value);
        } else if (key in made) {
            made[key] = value;
        } else if (value !== null && value !== undefined && value !== false) {
            made.setAttribute(key, value === true ? '' : value);
        }
    }
    made.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
    return made;
}

/**
 * Makes the children of a parent those that the items stand for, in their order: keeps the child of a key,
 * moves it only if it must, and makes another one only where what it shows (a text) has changed.
 * @param {(item) => string} keyOf what an item is known by
 * @param {(item) => string} looksOf all that its child shows
 * @param {(item) => HTMLElement} make
 */
export function keepInStep(parent, items, keyOf, looksOf, make) {
    const known = new Map();
    for (const child of parent.children) {
        known.set(child.dataset.key, child);
    }
    let next = parent.firstElementChild;
    for (const item of items) {
        const key = keyOf(item);
        const looks = looksOf(item);
        let child = known.get(key);
        known.delete(key);
        if (!child || child.looks !== looks) {
            const before = child;
            child = make(item);
            child.dataset.key = key;
            child.looks = looks;
            if (before) {
                if (before === next) {
                    next = child;
                }
                before.replaceWith(child);
            } else {
                child.classList.add('new');
            }
        }
        if (child === next) {
            next = next.nextElementSibling;
        } else {
            parent.insertBefore(child, next);
        }
    }
    for (const child of known.values()) {
        child.remove();
    }
}

/** Calls a function once for all the requests of this turn; in hidden windows too, where no frame comes. */
export function soon(call) {
    let waits = false;
    return () => {
        if (waits) {
            return;
        }
        waits = true;
        queueMicrotask(() => {
            waits = false;
            call();
        });
    };
}
