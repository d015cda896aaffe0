// SPDX-License-Identifier: Apache-2.0
// Chance that can be repeated from its seed.
'use strict';

class Random {
    constructor(seed) {
        this.state = seed >>> 0;
    }

    // A number from 0 up to below 1 (mulberry32).
    next() {
        this.state = (this.state + 0x6d2b79f5) >>> 0;
        let x = this.state;
        x = Math.imul(x ^ (x >>> 15), x | 1);
        x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
        return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
    }

    below(count) {
        return Math.floor(this.next() * count);
    }

    chance(share) {
        return this.next() < share;
    }

    pick(list) {
        return list[this.below(list.length)];
    }

    // One of the keys of WEIGHTS, by its weight.
    weighted(weights) {
        const entries = Object.entries(weights);
        let rest = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
        for (const [key, weight] of entries) {
            rest -= weight;
            if (rest < 0) return key;
        }
        return entries[0][0];
    }

    uuid() {
        const hex = Array.from({ length: 32 }, () => this.below(16).toString(16));
        hex[12] = '4';
        hex[16] = '89ab'[this.below(4)];
        return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    }
}

module.exports = { Random };
