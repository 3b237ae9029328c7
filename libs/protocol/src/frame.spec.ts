import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { referenceMessage, referenceSend } from '../golden/reference-frame.ts';
import { type DecodedFrame, decodeFrame } from './frame-decode.ts';
import { encodeMessage, encodeSend } from './frame-encode.ts';
import { readHeader } from './frame-header.ts';
import { AT, MAX_PACKET_BYTES, messageTypes, senderRoles, type WireMessage, type WireSend } from './frame-layout.ts';
import { formatId, type IdPrefix } from './ids.ts';

type Golden = { what: string; hex: string } & (
  { kind: 'created'; message: WireMessage } | { kind: 'send'; message: WireSend; ack?: number }
);
const golden = JSON.parse(readFileSync(new URL('../golden/frames.json', import.meta.url), 'utf8')) as Golden[];

const hexOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

const idOf = <Prefix extends IdPrefix>(prefix: Prefix) =>
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => formatId(prefix, bytes));
/** Well-formed text of everything that Unicode has; `binary` reaches NUL, the byte order mark and 4-byte characters. */
const text = (constraints: { minLength?: number; maxLength?: number }) =>
  fc.oneof(
    fc.string({ ...constraints, unit: 'grapheme' }),
    fc.string({ ...constraints, unit: 'binary' }),
    fc.string({
      ...constraints,
      unit: fc.constantFrom('\0', '\ufeff', '\ufffd', 'a', '"', '\\', '货', '👋', '\uffff'),
    }),
  );
const short = text({ minLength: 1, maxLength: 64 }).filter(({ length }) => length <= 255);
const number = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1));
const time = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(0n, 2n ** 64n - 1n)).map(String);
const object = fc.dictionary(
  fc.string(),
  fc.jsonValue({ maxDepth: 5 }).map((value) => value as unknown),
);
const content = fc.oneof(text({ maxLength: 300 }), object);

const send = fc.record<WireSend>(
  {
    session_id: idOf('ses'),
    client_msg_id: fc.uuid(),
    type: fc.constantFrom(...messageTypes),
    content,
    reply_to: idOf('msg'),
    choice_id: short,
  },
  { requiredKeys: ['session_id', 'client_msg_id', 'type', 'content'] },
);
const message: fc.Arbitrary<WireMessage> = fc
  .record({
    message_id: idOf('msg'),
    seq_id: number,
    sender: fc.oneof(idOf('vis'), idOf('agt'), short),
    sender_role: fc.constantFrom(...senderRoles),
    target: fc.option(fc.oneof(idOf('vis'), idOf('agt'), idOf('ses'), short), { nil: undefined }),
    send_time: time,
    body: send,
  })
  .map(({ body, target, ...rest }) => ({
    ...rest,
    ...body,
    target: target ?? body.session_id,
    reply_to: body.reply_to ?? null,
  }));

/** JSON is what both codecs must agree in: `-0` and keys like `__proto__` come out of a frame as out of JSON. */
const asJson = <Value>(value: Value) => JSON.parse(JSON.stringify(value)) as Value;
const sentBy = (message_: WireSend, ack?: number): DecodedFrame => ({ ok: true, kind: 'send', message: message_, ack });

describe('golden frames', () => {
  test.each(golden)('$what', (entry) => {
    const bytes = bytesOf(entry.hex);
    if (entry.kind === 'created') {
      expect(decodeFrame(bytes)).toStrictEqual({ ok: true, kind: 'created', message: entry.message });
      expect(hexOf(encodeMessage(entry.message))).toBe(entry.hex);
      expect(referenceMessage(entry.message)).toBe(entry.hex);
    } else {
      expect(decodeFrame(bytes)).toStrictEqual(sentBy(entry.message, entry.ack));
      expect(hexOf(encodeSend(entry.message, entry.ack))).toBe(entry.hex);
      expect(referenceSend(entry.message, entry.ack)).toBe(entry.hex);
    }
  });
});

describe('round trip', () => {
  test('a stored message comes out as it went in, and is what the layout says', () => {
    fc.assert(
      fc.property(message, (said) => {
        const bytes = encodeMessage(said);
        expect(hexOf(bytes)).toBe(referenceMessage(said));
        expect(decodeFrame(bytes)).toStrictEqual({ ok: true, kind: 'created', message: asJson(said) });
      }),
      { numRuns: 500 },
    );
  });

  test('a sending comes out as it went in, with its wish for an acknowledgement', () => {
    fc.assert(
      fc.property(send, fc.option(number, { nil: undefined }), (said, ack) => {
        const bytes = encodeSend(said, ack);
        expect(hexOf(bytes)).toBe(referenceSend(said, ack));
        expect(decodeFrame(bytes ?? new Uint8Array())).toStrictEqual(sentBy(asJson(said), ack));
      }),
      { numRuns: 500 },
    );
  });

  test.each(['a', '货', '👋', '\0', '\ufeff'])('the longest text of %j passes', (unit) => {
    const said = { ...createdSample(), content: unit.repeat(10_000 / unit.length) };
    expect(decodeFrame(encodeMessage(said))).toStrictEqual({ ok: true, kind: 'created', message: said });
  });

  test('a frame is read the same out of the middle of other bytes and as a Buffer', () => {
    const said = createdSample();
    const frame = encodeMessage(said);
    const wide = new Uint8Array(frame.length + 20).fill(255);
    wide.set(frame, 7);
    for (const bytes of [wide.subarray(7, 7 + frame.length), Buffer.from(frame)]) {
      expect(decodeFrame(bytes)).toStrictEqual({ ok: true, kind: 'created', message: said });
      expect(readHeader(bytes)?.session_id).toBe(said.session_id);
    }
  });

  test('later frames, good or refused, leave an earlier one as it was', () => {
    const said = golden.filter((entry) => entry.kind === 'created');
    const frames: Uint8Array[] = [];
    for (let round = 0; round < 60; round += 1) {
      frames.push(...said.map((entry) => encodeMessage(entry.message)));
      encodeSend({ ...sendSample(), content: `${'x'.repeat(400)}\ud800` }, 1);
      encodeSend({ ...sendSample(), content: '货'.repeat(50_000) }, 1);
    }
    for (const [index, frame] of frames.entries()) expect(hexOf(frame)).toBe(said[index % said.length]?.hex);
  });
});

describe('header', () => {
  test('it says of a stored message what the whole frame says', () => {
    fc.assert(
      fc.property(message, ({ choice_id: _, ...said }) => {
        const header = readHeader(encodeMessage(said));
        const { seq_id, type, sender_role, session_id, message_id, send_time } = said;
        expect(header).toMatchObject({ kind: 'created', seq_id, type, sender_role });
        expect([header?.session_id, header?.message_id, header?.send_time]).toEqual([
          session_id,
          message_id,
          send_time,
        ]);
      }),
    );
  });

  test('it is undefined for a sending, and for a frame cut before its end', () => {
    const frame = encodeMessage(createdSample());
    const end = AT.text + 96 + createdSample().send_time.length;
    for (let length = 0; length <= frame.length; length += 1) {
      expect(readHeader(frame.subarray(0, length)) !== undefined).toBe(length >= end);
    }
    expect(readHeader(encodeSend(sendSample(), 1) ?? new Uint8Array())).toBeUndefined();
  });
});

describe('hostile bytes get an answer', () => {
  function answer(bytes: Uint8Array): DecodedFrame {
    const frame = decodeFrame(bytes);
    if (!frame.ok) expect(frame.reason).not.toBe('');
    // What was understood can be said again, and means the same: nothing is lost in a second reading.
    else if (frame.kind === 'created') expect(hexOf(encodeIfSayable(frame.message))).toBeTypeOf('string');
    else encodeSend(frame.message, frame.ack);
    const header = readHeader(bytes);
    expect([header?.session_id, header?.message_id, header?.send_time]).toHaveLength(3);
    return frame;
  }

  test.each(golden)('$what, cut after any byte', ({ hex }) => {
    const bytes = bytesOf(hex);
    const whole = decodeFrame(bytes);
    for (let length = 0; length < bytes.length; length += 1) expect(answer(bytes.slice(0, length))).not.toEqual(whole);
  });

  test.each(golden)('$what, with any one bit turned', ({ hex }) => {
    const whole = decodeFrame(bytesOf(hex));
    for (let bit = 0; bit < hex.length * 4; bit += 1) {
      const bytes = bytesOf(hex);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(answer(bytes)).not.toEqual(whole);
    }
  });

  test('anything, with and without a good beginning', () => {
    const start = fc.tuple(fc.constant(1), fc.constantFrom(1, 2), fc.nat(7), fc.nat(11));
    const rest = fc.uint8Array({ maxLength: 400 });
    const garbage = fc.oneof(
      rest,
      fc.tuple(start, rest).map(([head, tail]) => Uint8Array.from([...head, ...tail])),
    );
    fc.assert(
      fc.property(garbage, (bytes) => void answer(bytes)),
      { numRuns: 2_000 },
    );
  });

  test('lengths of any size over text of any kind', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...golden),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        text({}),
        (entry, lengths, more) => {
          const bytes = Buffer.concat([bytesOf(entry.hex), Buffer.from(more)]);
          bytes.set(lengths, AT.timeLength);
          answer(bytes);
        },
      ),
    );
  });

  test.each([
    ['another version', AT.version, 2],
    ['another kind', AT.kind, 3],
    ['an unknown flag', AT.flags, 8],
    ['the flag of another kind', AT.flags, 4],
    ['an unknown type', AT.type, messageTypes.length],
    ['an unknown role', AT.role, senderRoles.length],
    ['a number of 2^53', AT.number + 1, 32],
    ['no time', AT.timeLength, 0],
    ['no sender', AT.senderLength, 0],
    ['a target longer than the frame', AT.targetLength, 255],
    ['a choice longer than the frame', AT.choiceLength, 255],
    ['a byte that UTF-8 does not have', AT.text + 150, 0xff],
  ])('%s is refused', (_, at, value) => {
    const bytes = encodeMessage(createdSample());
    bytes[at] = value;
    expect(decodeFrame(bytes).ok).toBe(false);
  });

  test('a sending with what only a stored message has is refused', () => {
    for (const at of [AT.role, AT.timeLength, AT.senderLength, AT.targetLength]) {
      const bytes = encodeSend(sendSample(), 1) ?? new Uint8Array();
      bytes[at] = 1;
      expect(decodeFrame(bytes).ok).toBe(false);
    }
  });

  test.each(['[]', '1', 'null', '"a"', '{', '', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`])(
    'content %.20j is no object',
    (json) => {
      const bytes = encodeSend({ ...sendSample(), content: json }, 1) ?? new Uint8Array();
      bytes[AT.flags] = (bytes[AT.flags] ?? 0) | 1;
      expect(decodeFrame(bytes).ok).toBe(false);
    },
  );

  test('a frame beyond the limit is refused before anyone reads it', () => {
    const bytes = Buffer.concat([encodeMessage(createdSample()), Buffer.alloc(MAX_PACKET_BYTES, 'a')]);
    expect(decodeFrame(bytes.subarray(0, MAX_PACKET_BYTES)).ok).toBe(true);
    expect(decodeFrame(bytes.subarray(0, MAX_PACKET_BYTES + 1)).ok).toBe(false);
  });
});

function encodeIfSayable(said: WireMessage): Uint8Array | undefined {
  try {
    return encodeMessage(said);
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return undefined;
  }
}

function createdSample(): WireMessage {
  const entry = golden.find(({ kind }) => kind === 'created');
  return structuredClone(entry?.message as WireMessage);
}

function sendSample(): WireSend {
  const entry = golden.find(({ kind }) => kind === 'send');
  return structuredClone(entry?.message as WireSend);
}
