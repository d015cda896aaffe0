// SPDX-License-Identifier: Apache-2.0
// What browsers and versions of Node have or have not.

export function uuid() {
  if (globalThis.crypto?.randomUUID) return crypto.randomUUID();
  // A page without TLS has no randomUUID, and Node 18 no global crypto.
  const byte = () => (globalThis.crypto ? crypto.getRandomValues(new Uint8Array(1))[0] : Math.floor(Math.random() * 256));
  const hex = Array.from({ length: 16 }, (_, i) => {
    const value = i === 6 ? (byte() & 15) | 64 : i === 8 ? (byte() & 63) | 128 : byte();
    return value.toString(16).padStart(2, "0");
  }).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export function memory() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}

export function browserStorage() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // forbidden here
  }
}
