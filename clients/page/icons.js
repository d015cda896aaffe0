// SPDX-License-Identifier: Apache-2.0
/** The drawings on buttons and beside messages: strokes in a square of 24. */

const STROKES = {
    plus: 'M12 5v14M5 12h14',
    back: 'M15 5l-7 7 7 7',
    down: 'M6 9l6 6 6-6',
    leave: 'M14 4H6v16h8M10 12h11M17 8l4 4-4 4',
    pin: 'M9 4h6l-1 6 4 4H6l4-4zM12 14v6',
    bell: 'M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4',
    muted: 'M6 16V11a6 6 0 0 1 9-5.200M18 11v5l2 2H8M10 21h4M4 4l16 16',
    send: 'M4 12l16-8-5 16-4-6zM11 14l9-10',
    more: 'M12 5.500v.01M12 12v.01M12 18.500v.01',
    close: 'M6 6l12 12M18 6L6 18',
    clock: 'M12 4a8 8 0 1 0 .01 0zM12 8v4l3 2',
    sent: 'M5 13l4 4L19 7',
    read: 'M2 13l4 4L16 7M12 16l1 1L23 7',
    failed: 'M12 4a8 8 0 1 0 .01 0zM12 8v5M12 16v.01',
    notice: 'M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4M12 3v2',
    announcement: 'M4 10v4h3l8 5V5l-8 5zM18.500 9a4 4 0 0 1 0 6',
    interaction: 'M12 20s-7.500-4.600-7.500-10A4.200 4.200 0 0 1 12 7.500 4.200 4.200 0 0 1 19.500 10c0 5.400-7.500 10-7.500 10z',
    picture: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.500 9v.01',
    link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
    group: 'M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 20c0-4 3-6 6.500-6s6.500 2 6.500 6M16 4.500a3.500 3.500 0 0 1 0 6.500M18 14.500c2 .8 3.500 2.700 3.500 5.500',
};

/** A drawing, as big as the text it stands in. */
export function icon(name) {
    const space = 'http://www.w3.org/2000/svg';
    const drawing = document.createElementNS(space, 'svg');
    const path = document.createElementNS(space, 'path');
    drawing.setAttribute('viewBox', '0 0 24 24');
    drawing.setAttribute('class', `drawing drawing-${name}`);
    drawing.setAttribute('aria-hidden', 'true');
    path.setAttribute('d', STROKES[name]);
    drawing.append(path);
    return drawing;
}
