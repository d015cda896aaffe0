// SPDX-License-Identifier: Apache-2.0
/** Names, initials and colours: all that the page knows of people and conversations are ids. */

import { element } from './dom.js';
import { icon } from './icons.js';
import { pick, text } from './texts.js';

/** The users of ./dev run, and a few more for groups. */
const NAMES = new Map([
    ['11111111-1111-4111-8111-111111111111', ['Alice', '小爱', 262]],
    ['22222222-2222-4222-8222-222222222222', ['Bob', '小波', 168]],
    ['33333333-3333-4333-8333-333333333333', ['Carol', '小卡', 14]],
    ['44444444-4444-4444-8444-444444444444', ['Dave', '小戴', 202]],
]);

/** What a user is called. */
export function nameOf(user) {
    const names = NAMES.get(user);
    return names ? pick(...names) : text('somebody', user.slice(0, 8));
}

/** A colour's angle, the same everywhere for an id. */
function hueOf(id) {
    const known = NAMES.get(id);
    if (known) {
        return known[2];
    }
    let sum = 0;
    for (const letter of id) {
        sum = (sum * 31 + letter.charCodeAt(0)) % 3600;
    }
    return (sum * 137.5) % 360;
}

/** What kind of conversation an id names: private, group, notification, announcement, interaction. */
export function kindOf(conversationId) {
    const [first, second] = conversationId.split(':');
    return first === 'system' ? second : first;
}

/** Whether people can write into it. */
export const isWritable = conversationId => ['private', 'group'].includes(kindOf(conversationId));

/** The private conversation of two users. */
export const privateId = (one, other) => `private:${[one, other].sort().join(':')}`;

/** The other one of a private conversation. */
export function partnerOf(conversationId, me) {
    const [, one, other] = conversationId.split(':');
    return one === me ? other : one;
}

/** What a conversation is called. */
export function titleOf(conversation, me) {
    const kind = kindOf(conversation.conversation_id);
    if (kind === 'private') {
        return nameOf(partnerOf(conversation.conversation_id, me));
    }
    if (kind !== 'group') {
        return text(kind);
    }
    const others = (conversation.participant_ids ?? []).filter(user => user !== me);
    const named = others.slice(0, 3).map(nameOf).join(text('comma'));
    return others.length > 3 ? text('and_more', named, others.length - 3) : named || text('group');
}

/** Turns an element into the round picture of a user or, if there is one, of a conversation. */
export function dress(avatar, id, conversationId = null) {
    const kind = conversationId ? kindOf(conversationId) : 'private';
    const drawing = { group: 'group', notification: 'notice', announcement: 'announcement', interaction: 'interaction' }[kind];
    avatar.className = `avatar ${kind}`;
    avatar.style.setProperty('--hue', hueOf(id));
    avatar.replaceChildren(drawing ? icon(drawing) : initialsOf(id));
    return avatar;
}

function initialsOf(user) {
    return NAMES.has(user) ? [...nameOf(user)].at(pick(0, -1)) : user.slice(0, 2).toUpperCase();
}

/** A new round picture. */
export const avatarOf = (id, conversationId) => dress(element('span', { 'aria-hidden': 'true' }), id, conversationId);

/** Whom one might want to write to: the users with names, and those of one's conversations. */
export function knownPeople(pairs, me) {
    const people = new Set(NAMES.keys());
    for (const { conversation } of pairs) {
        if (conversation.type !== 'system') {
            conversation.participant_ids.forEach(user => people.add(user));
        }
    }
    people.delete(me);
    return [...people].slice(0, 24);
}
