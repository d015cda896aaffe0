// SPDX-License-Identifier: Apache-2.0
/** The conversations, pinned ones first: name, last message or draft, time, unread count, marks. */

import { summaryOf } from './bubble.js';
import { byId, element, keepInStep } from './dom.js';
import { icon } from './icons.js';
import { avatarOf, kindOf, nameOf, titleOf } from './people.js';
import { briefly, text } from './texts.js';

/** What a conversation's line says of its last message. */
function previewOf(im, pair) {
    const { conversation } = pair;
    const last = im.model.messages(conversation.conversation_id).at(-1);
    if (!last) {
        return conversation.last_message_content ?? '';
    }
    const inGroup = kindOf(conversation.conversation_id) === 'group' && last.status !== 'withdrawn' && last.sender_id !== im.userId;
    return (inGroup ? text('colon', nameOf(last.sender_id)) : '') + summaryOf(last, im.userId);
}

/** All that a line shows, as plain data. */
function lineOf(im, pair, openId, drafts, isReached) {
    const id = pair.conversation.conversation_id;
    const at = im.model.messages(id).at(-1)?.server_timestamp ?? pair.conversation.last_message_timestamp;
    const draft = id === openId ? '' : drafts.draftOf(pair);
    return {
        id, open: id === openId, reached: isReached, title: titleOf(pair.conversation, im.userId), unread: pair.unread_count,
        pinned: pair.is_pinned, muted: pair.is_muted, draft, preview: previewOf(im, pair),
        time: at ? briefly(new Date(at)) : '', face: (pair.conversation.type === 'private'
            ? pair.conversation.participant_ids.find(user => user !== im.userId) : null) ?? id,
    };
}

function makeLine(line, choose) {
    const count = line.unread > 99 ? '99+' : line.unread;
    const marks = [line.pinned && text('pinned'), line.muted && text('muted'), line.unread > 0 && text('unread', line.unread)];
    return element('li', {
        role: 'option', id: `line-${line.id}`, tabIndex: line.reached ? 0 : -1, 'aria-selected': String(line.open),
        'aria-label': [line.title, ...marks, line.preview].filter(Boolean).join(', '),
        className: [line.open && 'open', line.pinned && 'pinned', line.muted && 'muted'].filter(Boolean).join(' '),
        onclick: () => choose(line.id),
    },
    avatarOf(line.face, line.id),
    element('div', { className: 'what' },
        element('div', {}, element('strong', { dir: 'auto' }, line.title), line.muted && icon('muted'), element('time', {}, line.time)),
        element('div', {},
            element('span', { className: 'preview', dir: 'auto' },
                line.draft && element('span', { className: 'draft' }, text('draft')), line.draft || line.preview),
            line.pinned && icon('pin'),
            line.unread > 0 && element('span', { className: 'count' }, String(count)))));
}

/**
 * Shows a client's conversations.
 * @param {object} im the FlixIM
 * @param {object} drafts of composer.js
 * @param {(id: string) => void} choose called with what is chosen
 * @returns {(openId: string|null) => void} shows the present state
 */
export function makeList(im, drafts, choose) {
    const list = byId('conversations');
    list.addEventListener('keydown', event => {
        const lines = [...list.querySelectorAll('[role=option]')];
        const at = lines.indexOf(document.activeElement);
        const to = { ArrowDown: at + 1, ArrowUp: Math.max(at, 1) - 1, Home: 0, End: lines.length - 1 }[event.key];
        if (to !== undefined && lines.length > 0) {
            lines[Math.min(to, lines.length - 1)].focus();
            event.preventDefault();
        } else if ((event.key === 'Enter' || event.key === ' ') && at >= 0) {
            choose(lines[at].dataset.key);
            event.preventDefault();
        }
    });
    return openId => {
        const focused = document.activeElement?.parentElement === list ? document.activeElement.dataset.key : null;
        // Tab reaches one line, the open one or the first; arrows the others.
        const pairs = im.model.list();
        const place = Math.max(0, pairs.findIndex(pair => pair.conversation.conversation_id === openId));
        const lines = pairs.map((pair, at) => lineOf(im, pair, openId, drafts, at === place));
        keepInStep(list, lines, line => line.id, JSON.stringify, line => makeLine(line, choose));
        list.dataset.empty = lines.length === 0 && im.state === 'online' ? text('no_conversations') : '';
        if (focused) {
            document.getElementById(`line-${focused}`)?.focus();
        }
        const unread = im.model.unread.total;
        document.title = unread > 0 ? `(${unread}) Flix IM` : 'Flix IM';
    };
}
