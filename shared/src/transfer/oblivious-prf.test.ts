import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  blindInputs,
  deriveEvaluationPair,
  evaluateBlinded,
  evaluateDirectly,
  importEvaluationKey,
  ObliviousPrfError,
  openEvaluated,
} from './oblivious-prf.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (of: Uint8Array) => Buffer.from(of).toString('hex');

/** RFC 9497 Appendix A.3.2: P256-SHA256, VOPRF mode. */
const SEED = bytes('a3'.repeat(32));
const KEY_INFO = 'test key';
const SECRET_KEY = 'ca5d94c8807817669a51b196c34c1b7f8442fde4334a7121ae4736364312fca6';
const PUBLIC_KEY = '03e17e70604bcabe198882c0a1f27a92441e774224ed9c702e51dd17038b102462';
const FIRST_BLIND = '3338fa65ec36e0290022b48eb562889d89dbfa691d1cde91517fa222ed7ad364';
const SECOND_BLIND = 'f9db001266677f62c095021db018cd8cbb55941d4073698ce45c405d1348b7b1';
const ZERO = {
  input: '00',
  blind: FIRST_BLIND,
  blinded: '02dd05901038bb31a6fae01828fd8d0e49e35a486b5c5d4b4994013648c01277da',
  evaluated: '0209f33cab60cf8fe69239b0afbcfcd261af4c1c5632624f2e9ba29b90ae83e4a2',
  output: '0412e8f78b02c415ab3a288e228978376f99927767ff37c5718d420010a645a1',
};
const FIVES = {
  input: '5a'.repeat(17),
  blind: FIRST_BLIND,
  blinded: '03cd0f033e791c4d79dfa9c6ed750f2ac009ec46cd4195ca6fd3800d1e9b887dbd',
  evaluated: '030d2985865c693bf7af47ba4d3a3813176576383d19aff003ef7b0784a0d83cf1',
  output: '771e10dcd6bcd3664e23b8f2a710cfaaa8357747c4a8cbba03133967b5c24f18',
};
const FIVES_SECOND = {
  ...FIVES,
  blind: SECOND_BLIND,
  blinded: '03462e9ae64cae5b83ba98a6b360d942266389ac369b923eb3d557213b1922f8ab',
  evaluated: '02bb24f4d838414aef052a8f044a6771230ca69c0a5677540fff738dd31bb69771',
};
const VECTORS = [
  {
    of: [ZERO],
    random: SECOND_BLIND,
    proof:
      'e7c2b3c5c954c035949f1f74e6bce2ed539a3be267d1481e9ddb178533df4c2664f69d065c604a4fd953e100b856ad83804eb3845189babfa5a702090d6fc5fa',
  },
  {
    of: [FIVES],
    random: SECOND_BLIND,
    proof:
      '2787d729c57e3d9512d3aa9e8708ad226bc48e0f1750b0767aaff73482c44b8d2873d74ec88aebd3504961acea16790a05c542d9fbff4fe269a77510db00abab',
  },
  {
    of: [ZERO, FIVES_SECOND],
    random: '350e8040f828bf6ceca27405420cdf3d63cb3aef005f40ba51943c8026877963',
    proof:
      'bdcc351707d02a72ce49511c7db990566d29d6153ad6f8982fad2b435d6ce4d60da1e6b3fa740811bde34dd4fe0aa1b5fe6600d0440c9ddee95ea7fad7a60cf2',
  },
];

/** Random bytes that lead to these scalars, in turn: the library reduces 48 bytes modulo n − 1 and adds 1. */
function scalars(...of: string[]): (bytes?: number) => Uint8Array {
  const left = [...of];
  return (length = 0) => {
    const before = BigInt(`0x${left.shift()}`) - 1n;
    return bytes(before.toString(16).padStart(length * 2, '0'));
  };
}

const pair = deriveEvaluationPair(SEED, KEY_INFO);

test('the vectors of RFC 9497: key, blinded and evaluated elements, proof, output', () => {
  assert.equal([hex(pair.secretKey), hex(pair.publicKey)], [SECRET_KEY, PUBLIC_KEY]);
  for (const { of, random, proof } of VECTORS) {
    const asked = blindInputs(
      of.map(({ input }) => bytes(input)),
      scalars(...of.map(({ blind }) => blind)),
    );
    assert.equal(
      asked.map(({ blinded }) => hex(blinded)),
      of.map(({ blinded }) => blinded),
    );
    const answer = evaluateBlinded(
      pair,
      asked.map(({ blinded }) => blinded),
      scalars(random),
    );
    assert.equal(
      answer.evaluated.map(hex),
      of.map(({ evaluated }) => evaluated),
    );
    assert.is(hex(answer.proof), proof);
    assert.equal(
      openEvaluated(asked, answer, pair.publicKey).map(hex),
      of.map(({ output }) => output),
    );
  }
});

test('a device that holds the key gets the same outputs without asking, and cannot read the key', async () => {
  const key = await importEvaluationKey(pair);
  for (const { input, output } of [ZERO, FIVES])
    assert.is(hex(await evaluateDirectly(key, pair.publicKey, bytes(input))), output);
  // Products of both signs occur.
  for (let at = 0; at < 12; at += 1) {
    const input = new TextEncoder().encode(`patient ${at}`);
    const asked = blindInputs([input]);
    const [output] = openEvaluated(asked, evaluateBlinded(pair, [asked[0]!.blinded]), pair.publicKey);
    assert.is(hex(await evaluateDirectly(key, pair.publicKey, input)), hex(output!));
  }
  assert.is(key.extractable, false);
});

test('two blinded elements of one input have nothing in common', () => {
  const [one, two] = blindInputs([bytes('00'), bytes('00')]);
  assert.is.not(hex(one!.blinded), hex(two!.blinded));
});

test('an answer under another key, of another question, changed, or short is refused', () => {
  const other = deriveEvaluationPair(SEED, 'another key');
  const asked = blindInputs([bytes('01'), bytes('02')]);
  const blinded = asked.map((each) => each.blinded);
  const answer = evaluateBlinded(pair, blinded);
  const [first, second] = answer.evaluated;
  const wrong = [
    evaluateBlinded(other, blinded),
    evaluateBlinded(pair, [...blinded].reverse()),
    { ...answer, evaluated: [second!, first!] },
    { ...answer, evaluated: [first!] },
    { ...answer, proof: answer.proof.map((byte, at) => (at === 40 ? byte ^ 1 : byte)) },
    { ...answer, evaluated: [first!, new Uint8Array(33)] },
  ];
  for (const each of wrong)
    assert.throws(
      () => openEvaluated(asked, each, pair.publicKey),
      (error: unknown) => error instanceof ObliviousPrfError,
    );
  assert.is(openEvaluated(asked, answer, pair.publicKey).length, 2);
});

test('an element that is no point of the curve is not evaluated', () => {
  for (const element of ['', '00', `05${'11'.repeat(32)}`, `02${'ff'.repeat(32)}`, '00'.repeat(33)])
    assert.throws(
      () => evaluateBlinded(pair, [bytes(element)]),
      (error: unknown) => error instanceof ObliviousPrfError,
    );
});

test.run();
