/** The codes of a PACS in words. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countPacsReasons, describePacsReason } from './pacs-reasons.ts';

test('each code that PS3.18 Annex I names has its own sentence and a remedy', () => {
  const codes = [0xb000, 0xb006, 0xb007, 0xa700, 0xa900, 0xc000, 0xc122, 0x0110, 0x0122];
  const told = codes.map((code) => describePacsReason(code));
  assert.is(new Set(told.map(({ says }) => says)).size, codes.length);
  for (const { says, remedy } of told) assert.ok(/\.$/.test(says) && /\.$/.test(remedy));
  assert.equal(
    told.map(({ code }) => code),
    ['B000H', 'B006H', 'B007H', 'A700H', 'A900H', 'C000H', 'C122H', '0110H', '0122H'],
  );
});

test('ranges hold from their first to their last code', () => {
  for (const [first, last] of [
    [0xa700, 0xa7ff],
    [0xa900, 0xa9ff],
    [0xc000, 0xcfff],
  ] as const)
    assert.is(describePacsReason(first).says, describePacsReason(last).says);
  assert.is.not(describePacsReason(0xa800).says, describePacsReason(0xa7ff).says);
});

test('a code that nobody knows has a sentence too', () => {
  for (const code of [0, -1, 0x7fffffff, 0xd000, Number.NaN])
    assert.match(describePacsReason(code).says, 'not in any standard');
});

test('the codes of a receipt are counted, the most frequent first', () => {
  const given = [{ pacsCode: 0x0122 }, {}, { pacsCode: 0xb000 }, { pacsCode: 0xb000 }];
  assert.equal(
    countPacsReasons(given).map(({ code, count }) => [code, count]),
    [
      ['B000H', 2],
      ['0122H', 1],
    ],
  );
});

test.run();
