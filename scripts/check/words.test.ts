/** Words for a person are found wherever they hide outside the words files; what nobody reads is not one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkWords } from './words.ts';

const faultsOf = (text: string, path = 'client/src/a.tsx'): readonly string[] =>
  checkWords([{ path, text, imports: [] }]);

const HIDING: readonly [where: string, text: string][] = [
  ['between tags', 'const A = () => <p>Sent</p>;'],
  ['in a fragment', "const A = () => <>{'Sent'}</>;"],
  ['in a choice', "const A = () => <p>{isSent ? words.sent : 'Waiting'}</p>;"],
  ['behind a condition', "const A = () => <p>{isSent && 'Sent'}</p>;"],
  ['in a sum', "const A = () => <p>{count + ' sent'}</p>;"],
  ['in place of nothing', "const A = () => <p>{name ?? 'Nobody'}</p>;"],
  ['in a template', 'const A = () => <p>{`${count} sent`}</p>;'],
  ['in a label that is read aloud', 'const A = () => <button aria-label="Send" />;'],
  ['in a label that is put together', 'const A = () => <img alt={`Image ${at}`} />;'],
  ['in the title of a part', "const A = () => <Notice title={isSent ? 'Sent' : title} />;"],
  ['in another property', 'const A = () => <Confirm what="This study is deleted." />;'],
  ['in a store', "const why = 'The gateway does not answer.';"],
  ['in a template of a store', 'const why = `The gateway refused ${count}`;'],
];

for (const [where, text] of HIDING)
  test(`words ${where} are found`, () => {
    assert.equal(faultsOf(`// above\n${text}\n`), [
      'client/src/a.tsx:2: words for a person outside a words file',
    ]);
  });

const UNREAD: readonly [kind: string, text: string][] = [
  ['numbers, signs and names of algorithms', 'const A = () => <p>{count} · 12 (SHA-256)</p>;'],
  ['the names of classes', 'const A = () => <p class="small quiet numbers">{words.sent}</p>;'],
  ['the words of an error', "throw new Error('the gateway cannot be reached');"],
  ['a comment', '// The gateway does not answer.'],
  ['a code that decides', "const A = () => <p>{state === 'sent' ? words.sent : null}</p>;"],
  ['a code that allows', "const A = () => <p>{state === 'sent' && words.sent}</p>;"],
];

for (const [kind, text] of UNREAD)
  test(`no fault: ${kind}`, () => {
    assert.equal(faultsOf(text), []);
  });

test('words files and tests may say what they like', () => {
  for (const path of ['client/src/a-words.ts', 'client/src/a.e2e.ts', 'gateway/src/a.ts'])
    assert.equal(faultsOf("const why = 'The gateway does not answer.';", path), []);
});

test.run();
