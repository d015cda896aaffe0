// SPDX-License-Identifier: Apache-2.0
/** One message, as an element. What others wrote becomes text nodes, and links and pictures only where that is safe. */

import { element } from './dom.js';
import { icon } from './icons.js';
import { avatarOf, kindOf, nameOf } from './people.js';
import { clock, hasText, text } from './texts.js';

/** The instant of a message: the server's, or until that is known the client's. */
export const timeOf = message => new Date(message.server_timestamp ?? message.client_timestamp ?? Date.now());

/** An address that may become a link (https, or this site's own), or null. No javascript:, data: or app: */
function safeAddress(address) {
    try {
        const url = new URL(address, location.origin);
        return url.protocol === 'https:' || url.origin === location.origin ? url : null;
    } catch {
        return null;
    }
}

const linkTo = (url, ...children) =>
    element('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow' }, ...children);

/** A picture of this site is shown; one of another site is a link, since fetching it would tell that site who looks. */
function pictureAt(address) {
    const url = typeof address === 'string' ? safeAddress(address) : null;
    if (!url) {
        return element('span', { className: 'link' }, icon('picture'), String(address));
    }
    return url.origin === location.origin
        ? linkTo(url, element('img', { src: url.href, alt: text('picture'), loading: 'lazy' }))
        : linkTo(url, icon('picture'), `${text('picture')} · ${url.host}`);
}

/** What a message says in one line, for lists and screen readers. */
export function summaryOf(message, me = null) {
    if (message.status === 'withdrawn') {
        return recalledText(message, me);
    }
    const { text: words, title } = message.content ?? {};
    const kind = `kind_${message.content_type}`;
    return words || title || (hasText(kind) ? text(kind, nameOf(message.sender_id)) : '');
}

/** Who recalled it, as the viewer reads it. */
export function recalledText(message, me) {
    return message.sender_id === me ? text('you_recalled') : text('they_recalled', nameOf(message.sender_id));
}

/** The state of what the viewer sent. */
function tickOf(message) {
    const known = { sending: 'clock', sent: 'sent', read: 'read', failed: 'failed' };
    const state = Object.hasOwn(known, message.status) ? message.status : 'sent';
    return element('span', { className: `tick ${state}`, role: 'img', 'aria-label': text(state), title: text(state) }, icon(known[state]));
}

/** Title, text, pictures and link of a message's content. */
function bodyOf(message) {
    const content = message.content ?? {};
    const said = value => typeof value === 'string' && value !== '';
    const deep = said(content.deep_link) ? safeAddress(content.deep_link) : null;
    const lead = ['comment', 'like', 'favorite'].includes(message.content_type) && message.message_type === 'interaction';
    const parts = [
        lead && element('span', { className: 'lead' }, text(`kind_${message.content_type}`, nameOf(message.sender_id))),
        said(content.title) && element('strong', { dir: 'auto' }, content.title),
        said(content.text) && element('span', { className: 'text', dir: 'auto' }, content.text),
        Array.isArray(content.image_urls) && content.image_urls.length > 0 &&
            element('span', { className: 'pictures' }, ...content.image_urls.map(pictureAt)),
        deep && linkTo(deep, icon('link'), text('open_link')),
    ];
    return parts.some(Boolean) ? parts : [element('span', { className: 'text' }, summaryOf(message))];
}

/** Why it was not sent, and what to do about that. */
function failureOf(message, does) {
    const button = (key, act) => element('button', { type: 'button', className: 'plain', onclick: act }, text(key));
    return element('span', { className: 'failure', role: 'alert' }, message.error?.reason ?? text('failed'),
        button('retry', () => does.retry(message)), button('discard', () => does.discard(message)));
}

/**
 * The element of a message.
 * @param {object} shown { message, me, isFirst, isLast } the latter two: of a run of one sender
 * @param {object} does { menu(message, button), retry(message), discard(message) }
 */
export function bubbleOf({ message, me, isFirst, isLast }, does) {
    const time = timeOf(message);
    const kind = kindOf(message.conversation_id);
    const mine = message.sender_id === me && ['private', 'group'].includes(kind);
    if (message.status === 'withdrawn') {
        return element('li', { className: 'line recalled' }, element('span', {}, recalledText(message, me)));
    }
    const stamp = element('span', { className: 'stamp' },
        element('time', { dateTime: time.toISOString() }, clock(time)), mine && tickOf(message));
    const isTouch = () => matchMedia('(hover: none)').matches;
    const open = event => {
        // A link, and what is selected, keep the browser's own menu.
        if (message.id && !event.target.closest('a') && getSelection().isCollapsed) {
            event.preventDefault();
            does.menu(message, event.currentTarget);
        }
    };
    const more = message.id && element('button', {
        className: 'icon more', type: 'button', title: text('message_menu'), 'aria-label': text('message_menu'),
        'aria-haspopup': 'menu', onclick: event => does.menu(message, event.currentTarget),
    }, icon('more'));
    const withFaces = ['group', 'interaction'].includes(kind) && !mine;
    return element('li', {
        className: ['message', mine ? 'mine' : 'theirs', message.status, isFirst && 'first', isLast && 'last',
            kind, withFaces && 'faces'].filter(Boolean).join(' '),
        'data-id': message.id, 'data-status': message.status,
    },
    withFaces && (isLast ? avatarOf(message.sender_id) : element('span', { className: 'avatar none' })),
    element('div', { className: 'said' }, element('div', { className: 'bubble', oncontextmenu: open, onclick: event => isTouch() && open(event) },
    withFaces && isFirst && kind === 'group' && element('span', { className: 'sender' }, nameOf(message.sender_id)),
    bodyOf(message), stamp), message.status === 'failed' && failureOf(message, does)), more);
}
