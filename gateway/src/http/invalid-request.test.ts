import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { z } from 'zod';
import { newUsernameSchema } from '#shared/protocol/api.ts';
import { destinationWishSchema } from '#shared/protocol/destination.ts';
import { invalidRequest } from './invalid-request.ts';

const test = suite('the answer to an invalid request');

function told(schema: z.ZodType, value: unknown): string | undefined {
  return invalidRequest(schema.safeParse(value).error?.issues ?? [], 'body').detail;
}

test('names each field with its rule in words, and no value', () => {
  const said = told(destinationWishSchema, {
    ...{ kind: 'dicomweb', name: 'Planted Name', url: '' },
    ...{ authentication: { kind: 'basic', username: 'a:b' }, ca: 'planted', certificate: null },
  });
  assert.match(said ?? '', 'name (lower-case letters and digits, in parts joined by single hyphens)');
  assert.match(said ?? '', 'authentication.username (no colon)');
  assert.match(said ?? '', 'ca (PEM, from its line BEGIN to its line END)');
  assert.not.match(said ?? '', /planted/i);
  const field = z.object({ username: newUsernameSchema });
  assert.is(
    told(field, { username: '-' }),
    'Invalid: username (letters, digits and . _ @ + -, beginning with a letter or a digit).',
  );
});

test('shows the form itself where it has no words', () => {
  const form = z.object({ size: z.string().regex(/^\d{2}$/) });
  assert.is(told(form, { size: 'x' }), 'Invalid: size (expected: the form /^\\d{2}$/).');
});

test.run();
