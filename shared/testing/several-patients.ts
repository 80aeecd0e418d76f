/**
 * Studies whose instances name several patients, or one patient in several ways (`corpus/field`, case 23). Letter case,
 * padding, empty parts at the end of a name and further groups of it tell nobody apart.
 */
import type { SyntheticPatient } from './synthetic-study.ts';

const ANNA = { name: 'Anders^Anna', id: 'FLD-1', issuer: 'A' };
const BERND = { ...ANNA, name: 'Baier^Bernd' };
const TARO = { ...ANNA, name: 'Yamada^Tarou' };

/** `named`: how many patients, where the ID alone tells them apart, and where its issuer does too. */
export const MIXTURES: readonly (readonly [
  what: string,
  named: readonly [byId: number, byIssuer: number],
  ...patients: readonly SyntheticPatient[],
])[] = [
  ['three patients', [3, 3], ANNA, { ...BERND, id: 'FLD-2' }, { ...TARO, id: 'FLD-3' }],
  ['one name, two IDs', [2, 2], ANNA, { ...ANNA, id: 'FLD-2' }],
  ['one ID, two names', [2, 2], ANNA, BERND],
  ['one ID, two issuers', [1, 2], ANNA, { ...ANNA, issuer: 'B' }],
  ['one ID, two names, two issuers', [2, 3], ANNA, { ...ANNA, issuer: 'B' }, BERND],
  ['an ID, and none', [2, 2], ANNA, { ...ANNA, id: '' }],
  ['padding and capitals', [1, 1], ANNA, { ...ANNA, name: 'ANDERS^Anna^^ ', id: ' FLD-1 ' }],
  ['with and without ideographs', [1, 1], TARO, { ...TARO, name: 'Yamada^Tarou=山田^太郎' }],
];
