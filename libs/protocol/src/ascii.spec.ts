import { expect, test, vi } from 'vitest';
import { asciiText } from './ascii.ts';

const bytes = Uint8Array.from({ length: 128 }, (_, index) => index);
const text = String.fromCharCode(...bytes);

test('ASCII bytes become text, in any kind of byte array', () => {
  expect(asciiText(bytes, 0, 128)).toBe(text);
  expect(asciiText(Buffer.from(bytes), 3, 90)).toBe(text.slice(3, 90));
  expect(asciiText(bytes.subarray(10), 0, 5)).toBe(text.slice(10, 15));
});

test('a browser, which has no Buffer, gives the same', async () => {
  vi.stubGlobal('Buffer', undefined);
  try {
    // With a question it is a module of its own, and the other tests keep theirs.
    const own = './ascii.ts?browser';
    const browser = (await import(/* @vite-ignore */ own)) as typeof import('./ascii.ts');
    expect(browser.asciiText).not.toBe(asciiText);
    expect(browser.asciiText(bytes, 0, 128)).toBe(text);
    expect(browser.asciiText(bytes.subarray(10), 0, 5)).toBe(text.slice(10, 15));
  } finally {
    vi.unstubAllGlobals();
  }
});
