// SPDX-License-Identifier: Apache-2.0
/** The menu of a message: copy, recall within two minutes, delete for oneself. */

import { timeOf } from './bubble.js';
import { confirm } from './dialogs.js';
import { element } from './dom.js';
import { text } from './texts.js';

/** The server's limit; a little more, since clocks differ and the server has the last word. */
const RECALL_WITHIN = 120000 + 5000;

/**
 * Opens the menu beside an element.
 * @param {object} actions { recall(message), remove(message) }
 */
export function openMenu(message, beside, me, actions) {
    document.querySelector('.menu')?.remove();
    const entry = (key, act, kind = '') => element('button', {
        type: 'button', role: 'menuitem', className: kind, tabIndex: -1,
        onclick: () => {
            menu.hidePopover();
            act();
        },
    }, text(key));
    const words = message.content?.text ?? message.content?.title;
    const mayRecall = message.sender_id === me && ['sent', 'read'].includes(message.status) &&
        Date.now() - timeOf(message) < RECALL_WITHIN && message.message_type === 'private_message';
    const menu = element('div', { className: 'menu', role: 'menu', popover: 'auto', 'aria-label': text('message_menu') },
        words && entry('copy', () => navigator.clipboard?.writeText(words).catch(() => {})),
        mayRecall && entry('recall', () => actions.recall(message)),
        entry('delete_for_me', async () => {
            if (await confirm('delete_question', 'delete')) {
                actions.remove(message);
            }
        }, 'danger'));
    menu.addEventListener('keydown', moveFocus);
    menu.addEventListener('toggle', event => {
        if (event.newState === 'closed') {
            menu.remove();
        }
    });
    document.body.append(menu);
    menu.showPopover();
    place(menu, beside.getBoundingClientRect());
    menu.firstElementChild.focus();
}

/** Below the element if there is room, else above; inside the window. */
function place(menu, by) {
    const { offsetWidth: width, offsetHeight: height } = menu;
    const below = by.bottom + height + 8 < innerHeight;
    const top = below ? by.bottom + 4 : Math.max(8, by.top - height - 4);
    const left = Math.min(Math.max(8, by.right - width), innerWidth - width - 8);
    menu.style.setProperty('top', `${top}px`);
    menu.style.setProperty('left', `${left}px`);
}

function moveFocus(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
        const entries = [...event.currentTarget.children];
        const at = entries.indexOf(document.activeElement);
        entries.at((at + step) % entries.length).focus();
        event.preventDefault();
    }
}
