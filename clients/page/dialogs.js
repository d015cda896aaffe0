// SPDX-License-Identifier: Apache-2.0
/** Questions that want an answer first: a new chat or group, a confirmation. Escape says no. */

import { element } from './dom.js';
import { avatarOf, nameOf } from './people.js';
import { asUser } from './session.js';
import { text } from './texts.js';

/** Shows a form as a dialog; resolves to what check() makes of it when it is sent, to null when it is not. */
export function ask(form, check) {
    const dialog = element('dialog', { onclick: event => event.target === dialog && dialog.close() }, form);
    return new Promise(resolve => {
        let answer = null;
        form.addEventListener('submit', event => {
            event.preventDefault();
            answer = check();
            if (answer !== null) {
                dialog.close();
            }
        });
        dialog.addEventListener('close', () => {
            dialog.remove();
            resolve(answer);
        });
        document.body.append(dialog);
        dialog.showModal();
    });
}

/** Cancel, and what the form is for. */
export const buttons = (key, kind = 'primary') => element('p', { className: 'buttons' },
    element('button', { type: 'button', className: 'plain', onclick: event => event.target.closest('dialog').close() }, text('cancel')),
    element('button', { className: kind }, text(key)));

/** Asks a yes or no question. */
export async function confirm(question, yes) {
    return await ask(element('form', {}, element('p', {}, text(question)), buttons(yes, 'danger')), () => true) ?? false;
}

/**
 * Asks who to chat with.
 * @param {string[]} known users to choose from
 * @returns {Promise<string[]|null>} their ids
 */
export function askForPeople(known, me) {
    const error = element('p', { className: 'error', role: 'alert', hidden: true });
    const ids = element('textarea', {
        name: 'ids', rows: 3, spellcheck: false, autocapitalize: 'none', placeholder: '123e4567-e89b-42d3-a456-426614174000',
        oninput: () => { error.hidden = true; },
    });
    const chips = known.map(user => element('label', { className: 'chip', title: user },
        element('input', { type: 'checkbox', name: 'person', value: user }), avatarOf(user), nameOf(user)));
    const form = element('form', { className: 'people' },
        element('h2', {}, text('who_with')),
        chips.length > 0 && element('div', { className: 'chips', role: 'group', 'aria-label': text('who_with') }, ...chips),
        element('label', {}, element('span', {}, text('ids_hint')), ids), error, buttons('begin'));
    return ask(form, () => {
        const chosen = new FormData(form).getAll('person');
        for (const word of ids.value.split(/[\s,;]+/).filter(Boolean)) {
            const user = asUser(word);
            if (!user) {
                error.hidden = false;
                error.textContent = text('ids_wrong', word);
                return null;
            }
            chosen.push(user);
        }
        const people = [...new Set(chosen)].filter(user => user !== me);
        if (people.length === 0) {
            error.hidden = false;
            error.textContent = text('ids_none');
            return null;
        }
        return people;
    });
}
