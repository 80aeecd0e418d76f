/** *Hide names*: one switch, and no way to the screen past it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeOrder, personOf } from '../pipeline/ingest/orders/order-person.ts';
import { nameOf, partsOf, personLines } from '../pipeline/queue/study-title.ts';
import { patientOf } from '../results/parts/describe-result.ts';
import { bornSaid, hideNames, identitySaid, nameSaid, namesHidden } from './identities.ts';

const test = suite('hiding names');
test.after.each(() => hideNames(false));

const TITLE = {
  ...{ patientName: 'Vexquil^Anna', patientId: 'PID-4711', patientBirthDate: '19630504' },
  ...{ studyDate: '20260312', modalities: ['CR'], bodyParts: ['CHEST'], description: 'Thorax Vexquil' },
};
const about = { modalities: ['CR'], series: 1 } as Parameters<typeof nameOf>[0]['about'];
const title = TITLE as unknown as NonNullable<Parameters<typeof nameOf>[0]['title']>;
const patient = { name: 'Vexquil^Anna', id: 'PID-4711', isPseudonym: false };
const order = {
  ...{ patientName: 'Vexquil^Anna', patientId: 'PID-4711', accessionNumber: 'ACC-4711' },
  ...{ procedureId: null, description: 'Thorax Vexquil', scheduledAt: '08:30' },
} as unknown as Parameters<typeof describeOrder>[0];

/** Pages say this of a study, an order and a result of this patient. */
const said = (): string =>
  [
    nameSaid('Vexquil^Anna'),
    identitySaid('PID-4711'),
    bornSaid('19630504'),
    nameOf({ title, label: null, about }),
    nameOf({ title: null, label: 'VA 711', about }),
    ...partsOf(TITLE),
    ...personLines('PID-4711', '19630504'),
    patientOf({ patient }),
    personOf('Vexquil^Anna', 'PID-4711'),
    describeOrder(order),
  ].join('\n');

const IDENTITIES = ['Vexquil', 'Anna', '4711', '1963', 'VA 711'];

test('every way in which pages name a patient says nothing of them while names are hidden', () => {
  for (const identity of IDENTITIES) assert.ok(said().includes(identity), identity);
  hideNames(true);
  assert.is(namesHidden.value, true);
  for (const identity of IDENTITIES) assert.not.ok(said().includes(identity), `${identity} in ${said()}`);
  assert.match(said(), /2026/, 'the study is still told apart by its date');
  hideNames(false);
  for (const identity of IDENTITIES) assert.ok(said().includes(identity), identity);
});

test('a name that is none stays none', () => {
  hideNames(true);
  assert.equal([nameSaid(''), nameSaid('^'), identitySaid(' '), bornSaid(null)], [null, null, '', null]);
});

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** By path in client/src. */
const SOURCES = new Map(
  readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.includes('.test.'))
    .map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]),
);

test('no file but this door formats the name of a person', () => {
  assert.ok(SOURCES.size > 300, 'the client’s files were found');
  const formatting = [...SOURCES].filter(([, source]) => source.includes('formatPersonName'));
  assert.equal(formatting.map(([path]) => path).sort(), ['kit/format.ts', 'kit/identities.ts']);
});

/** Fields in which nobody types a patient's name, and fields that are not drawn while names are hidden. */
const OTHER_FIELDS = [
  ...['admin/', 'reviews/types/', 'app/PasswordSheet.tsx', 'app/SignInView.tsx'], // Of the site, and accounts.
  ...['audit/AuditFilterBar.tsx', 'studies/CheckView.tsx', 'results/run/RunForm.tsx'], // Numbers, UIDs, receipts.
  ...['pipeline/deid/ChangeList.tsx', 'cases/CaseFilterBar.tsx'], // Not drawn; or a number.
  ...['results/find/FindInPacs.tsx'], // Not drawn; or a number.
  ...['kit/fields.tsx', 'kit/FilterBar.tsx'], // Judged where they are used.
];
const NO_TEXT = /type="(checkbox|radio|range|date|file|number)"|inputMode="decimal"|\{words\.lineHint\}/;

test('every field in which a person may type a name hides what is in it', () => {
  const open = [...SOURCES].flatMap(([path, source]) => {
    const bare = source.replaceAll(/<TypedField [\s\S]*?<\/TypedField>/g, '');
    const fields = [...bare.matchAll(/<(input|textarea|TextField|SearchField)\b[\s\S]*?\/>/g)].filter(
      ([field]) => !NO_TEXT.test(field),
    );
    return OTHER_FIELDS.some((of) => path.startsWith(of)) ? [] : fields.map(([field]) => `${path}: ${field}`);
  });
  assert.equal(open, []);
});

test.run();
