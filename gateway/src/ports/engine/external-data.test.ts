/**
 * Values in other files are found before a runtime sees the model, and nothing that is sent as a model breaks
 * the search.
 */
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MODEL_IDS } from '#shared/models/model.ts';
import { EXTERNAL_ONNX_MODELS, ONNX_MODELS } from '#testing/onnx-models.ts';
import { findExternalData } from './external-data.ts';

const test = suite('values of a model in other files');

for (const [place, bytes] of Object.entries(EXTERNAL_ONNX_MODELS)) {
  test(`are found in ${place}`, () => assert.is(findExternalData(bytes), 'found'));
}

test('are not found where there are none', async () => {
  for (const name of ['adds-one', 'loops', 'grows', 'empty'] as const)
    assert.is(findExternalData(ONNX_MODELS[name]), 'none', name);
  for (const id of MODEL_IDS)
    assert.is(
      findExternalData(await readFile(new URL(`../../../../shared/models/${id}.onnx`, import.meta.url))),
      'none',
      id,
    );
});

test('every beginning and every change of one byte of a file has an answer', () => {
  const models = Object.values(EXTERNAL_ONNX_MODELS);
  for (const bytes of models) {
    for (let length = 0; length < bytes.length; length += 1)
      assert.match(findExternalData(bytes.subarray(0, length)), /none|found|unreadable/);
  }
  fc.assert(
    fc.property(fc.constantFrom(...models), fc.nat(), fc.nat(255), (bytes, at, byte) => {
      const changed = Uint8Array.from(bytes);
      changed[at % changed.length] = byte;
      assert.match(findExternalData(changed), /none|found|unreadable/);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
      assert.match(findExternalData(bytes), /none|found|unreadable/),
    ),
  );
});

/** A graph in a node's attribute in a graph …; a length is three bytes long. */
function nested(levels: number): Uint8Array {
  let content = Uint8Array.of();
  const inField = (field: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
    Uint8Array.of(
      field * 8 + 2,
      (bytes.length & 0x7f) | 0x80,
      ((bytes.length >> 7) & 0x7f) | 0x80,
      bytes.length >> 14,
      ...bytes,
    );
  for (let level = 0; level < levels; level += 1) content = inField(1, inField(5, inField(6, content)));
  return inField(7, content);
}

test('nesting is followed as deep as a runtime follows it, and no deeper', () => {
  // In the model lies its graph, and three messages deeper each further one: 100 and 103.
  assert.is(findExternalData(nested(33)), 'none');
  assert.is(findExternalData(nested(34)), 'unreadable');
  assert.is(findExternalData(nested(500)), 'unreadable');
});

test('a field number that readers would cut to another is no field number', () => {
  const [graph] = ONNX_MODELS['adds-one'].subarray(2);
  assert.is(graph, 7 * 8 + 2);
  // The same key with a bit beyond the 32nd.
  const disguised = Buffer.concat([
    ONNX_MODELS['adds-one'].subarray(0, 2),
    Uint8Array.of(graph! | 0x80, 0x80, 0x80, 0x80, 0x10),
    ONNX_MODELS['adds-one'].subarray(3),
  ]);
  assert.is(findExternalData(disguised), 'unreadable');
});

test.run();
