/**
 * Cleans typed text for an anonymous row. The product's text rules first remove the names, numbers and days of the
 * case, and everything that identifies somebody by its form. Then only words of medicine, ordinary words and short
 * numbers from closed lists stay, so a name that no rule knows goes as well. Words that tell sex, age or month also go,
 * because columns tell those in groups. If little of a text would be left, it is left out.
 */
import { dayNumberOf } from '#shared/deid/dates.ts';
import { createRules, type DeidRules } from '#shared/deid/rules.ts';
import { createTextCleaner } from '#shared/deid/text/clean-text.ts';
import { fold, spellingsOf } from '#shared/deid/text/fold.ts';
import { compileKnown, type Known } from '#shared/deid/text/hold-known-values.ts';
import { MONTHS } from '#shared/deid/text/month-names.ts';
import { ORDINARY_WORDS } from '#shared/deid/text/ordinary-words.ts';
import { VOCABULARY } from '#shared/deid/text/vocabulary.ts';
import type { Identity } from './identity-texts.ts';

/** Longer than any reason or note that people type by hand. */
const TEXT_CHARACTERS_LIMIT = 4000;
const MARK = '[removed]';

/** Words of reports, and units, that are missing from the other lists. */
const REPORTING =
  'mm cm ml mg kg hu percent seen shows showing shown suggests suggesting suspected suspicious suspicion likely unlikely possible probable ' +
  'typical atypical viral bacterial bilateral unilateral focal diffuse patchy dense subtle small large clear blurred increased ' +
  'decreased unchanged larger smaller improved worse resolved visible missed overlooked agree disagree wrong correct false ' +
  'true positive negative model read reader reading consolidation consolidations opacity opacities infiltrate infiltrates ' +
  'atelectasis pneumothorax emphysema fibrosis congestion cardiomegaly hernia granuloma calcification calcified scar ' +
  'scarring thickening pleural perihilar hilar basal apical lobar lower middle upper quality rotated cropped artefact ' +
  'artifact limited diagnostic repeat zone zones field fields region regions retrocardiac costophrenic hemithorax ' +
  'interstitial peribronchial reticular nodular airspace silhouette mediastinal paratracheal subpleural';

/** Words that tell a person's sex or age, in the languages of the list. */
const TELLING =
  'male female man woman boy girl he she his her hers him himself herself mann frau er sie ihm ihn ihr ihre ihren ihrem ' +
  'ihrer sein seine homme femme il elle lui son sa hombre mujer el ella uomo donna lui lei homem mulher ele ela hij zij ' +
  'haar hem vrouw on ona он она его ее رجل امرأة ' +
  // Organs that only one sex has, and words for an age.
  'prostate prostatic uterus uterine ovary ovaries ovarian vagina vaginal scrotum scrotal testis testes testicular penis ' +
  'pregnancy pregnant child children infant infants newborn neonate neonatal baby adult adults elderly paediatric pediatric';
const TOLD_IN_COLUMNS: ReadonlySet<string> = new Set(
  [...TELLING.split(' '), ...MONTHS.flat()].map((word) => fold(word).text),
);

/** Folded. These words name nobody. */
export const HARMLESS_WORDS: ReadonlySet<string> = new Set(
  [...VOCABULARY, ...REPORTING.split(' '), ...ORDINARY_WORDS.map((word) => fold(word).text)].filter(
    (word) => !TOLD_IN_COLUMNS.has(word),
  ),
);

/** Words, numbers, and mixtures of letters and digits. */
const TOKEN = /[\p{L}\p{M}\p{N}]+/gu;
/** Counts and sizes, vertebrae and sequences: "12", "12mm", "L5", "T2". */
const SHORT_NUMBER = /^(?:\d{1,3}(?:mm|cm|ml|mg|kg)?|[a-z]{1,2}\d{1,2})$/;
/** Several marks in a row: one of them says enough. */
const MARKS = /\[removed\](?:[^\p{L}\p{N}[]*\[removed\])+/gu;
/** A long number, possibly with separators between its digits. */
const DIGITS = /\d(?:[\s.,/_-]{0,3}\d){4,}/g;
const NOT_PLAIN = /[^\p{L}\p{M}\p{N}\s!-/:-@[\]_]/gu;

/** Creates the cleaner for the texts of one case. A text that cannot be proven clean becomes ''. */
export function createTypedTextCleaner(identity: Identity): (text: string) => string {
  const rules = rulesOfText();
  const known = compileKnown(headerOf(identity), rules, false);
  const own = new Set(identity.names.flatMap((name) => name.match(TOKEN) ?? []).flatMap(spellingsOf));
  const isHarmless = (token: string): boolean => {
    const folded = fold(token).text;
    return (HARMLESS_WORDS.has(folded) && !own.has(folded)) || SHORT_NUMBER.test(folded);
  };
  return (text) => {
    const cleaned = known === null ? null : cleanByRules(text, known, rules);
    return cleaned === null ? '' : keepWords(cleaned, isHarmless);
  };
}

function rulesOfText(): DeidRules {
  const outcome = createRules(['clean-descriptors']);
  if (outcome.kind === 'refused') throw new Error(outcome.because);
  return outcome.rules;
}

const headerOf = ({ names, numbers, birthDates, uids }: Identity): Parameters<typeof compileKnown>[0] => ({
  names: new Set(names),
  phrases: new Set([...numbers, ...uids]),
  devices: new Set(),
  places: new Set(),
  numbers: new Set(),
  kept: new Set(),
  removedDays: new Set(birthDates.map((date) => dayNumberOf(date)).filter((day) => day !== null)),
  namedDays: new Set(),
});

function cleanByRules(text: string, known: Known, rules: DeidRules): string | null {
  if (text.length > TEXT_CHARACTERS_LIMIT) return null;
  const prose = { bytes: new TextEncoder().encode(text), characterSets: ['ISO_IR 192'] };
  const bytes = createTextCleaner(known, rules, 0).clean(prose, 'UT');
  return bytes === null ? null : new TextDecoder().decode(bytes).trim();
}

function keepWords(text: string, isHarmless: (token: string) => boolean): string {
  const counted = { kept: 0, gone: 0 };
  const plain = text.normalize('NFC').replace(NOT_PLAIN, ' ');
  const marked = plain
    .replace(DIGITS, MARK)
    .replaceAll(MARK, ' [] ')
    .replace(TOKEN, (token) => (isHarmless(token) ? token : '[]'));
  const shown = marked.replace(/\[\]|[\p{L}\p{M}\p{N}]+/gu, (token) => {
    counted[token === '[]' ? 'gone' : 'kept'] += 1;
    return token === '[]' ? MARK : token;
  });
  if (counted.kept <= counted.gone) return '';
  return shown.replace(MARKS, MARK).replace(/\s+/g, ' ').trim();
}
