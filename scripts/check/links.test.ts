import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deadLinks } from './links.ts';

const test = suite('links between documents');
const texts = new Map([['docs/there.md', '# Here\n\n## 9. DIMSE: a `user`\n']]);
const dead = (text: string) => deadLinks('docs/one.md', text, new Map([...texts, ['docs/one.md', text]]));

test('to a file and a heading that are there are right, and so are those that leave the project', () => {
  assert.equal(
    dead(
      '# Own\n[a](there.md) [b](there.md#9-dimse-a-user) [c](#own) [d](../README.md) [e](https://x.org/#y)',
    ),
    [],
  );
});

test('to no file, or to no heading, are told', () => {
  assert.equal(dead('[a](gone.md) [b](there.md#gone) [c](#gone)'), [
    'docs/one.md: no file gone.md',
    'docs/one.md: no heading #gone in there.md',
    'docs/one.md: no heading #gone in itself',
  ]);
});

test.run();
