/** The rules of a site in the page: changed one after the other, never over somebody else's change. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ForwardingRule } from '#shared/protocol/rule.ts';
import { type Answering, json, openTestApi, refusal } from '../testing/open-api.ts';
import { createRulesStore } from './rules.store.ts';

const test = suite('the store of rules');
const rule = (name: string): ForwardingRule => ({ name, enabled: true, when: {}, to: [] });
const versionOf = (n: number): string => String(n).padStart(64, '0');
const namesIn = (list: readonly { readonly name: string }[] | undefined): string =>
  (list ?? []).map(({ name }) => name).join('');

/** Holds the rules of forwarding as the gateway does. */
function openGateway(names: string) {
  let rules = [...names].map(rule);
  let version = 1;
  const answer: Answering = ({ method, path, body }) => {
    if (path === '/admin/destinations') return json({ destinations: [] });
    if (path === '/models') return json({ models: [] });
    if (path === '/admin/policies') return json({ policies: [] });
    if (path === '/admin/users') return json({ users: [] });
    if (path.startsWith('/studies')) return json({ studies: [], next: null });
    if (path === '/review-types') return json({ types: [], readers: [] });
    if (/^\/admin\/rules\/(inference|cases)$/.test(path)) return json({ rules: [], version: versionOf(0) });
    if (method === 'PUT') {
      const wish = body as { readonly rules: ForwardingRule[]; readonly version: string };
      if (wish.version !== versionOf(version)) return refusal(409, 'rules-changed');
      rules = wish.rules;
      version += 1;
    }
    return json({ rules, version: versionOf(version) });
  };
  return {
    answer,
    names: () => namesIn(rules),
    changeBySomebody(by: string) {
      rules = [...by].map(rule);
      version += 1;
    },
  };
}

async function openStore(names: string) {
  const gateway = openGateway(names);
  const store = createRulesStore(openTestApi(gateway.answer).api);
  await store.load();
  const shown = (): string => namesIn(store.lists.value.value?.forwarding.rules);
  const order = (by: string): Promise<void> => store.change('forwarding', [...by].map(rule));
  return { gateway, store, shown, order };
}

test('shows a change at once, and saves several in their order', async () => {
  const { gateway, store, shown, order } = await openStore('abc');
  const first = order('acb');
  const second = order('cab');
  assert.is(shown(), 'cab');
  await first;
  assert.is(shown(), 'cab', 'the answer to the first does not undo the second');
  await second;
  assert.equal([shown(), gateway.names(), store.trouble.value], ['cab', 'cab', null]);
});

test('shows somebody else’s change and the reason, and drops what was made on the list before', async () => {
  const { gateway, store, shown, order } = await openStore('abc');
  gateway.changeBySomebody('xy');
  await Promise.all([order('acb'), order('cab')]);
  assert.equal([shown(), gateway.names(), store.trouble.value?.code], ['xy', 'xy', 'rules-changed']);
  await order('yx');
  assert.equal([shown(), gateway.names(), store.trouble.value], ['yx', 'yx', null]);
});

test('a rule that is saved in its form is thrown back where the gateway refuses it', async () => {
  const { gateway, store, shown } = await openStore('a');
  await store.save('forwarding', [rule('a'), rule('b')]);
  assert.equal([shown(), gateway.names()], ['ab', 'ab']);
  gateway.changeBySomebody('x');
  const refused = await store.save('forwarding', []).then(
    () => null,
    (error: { anyCode?: string }) => error.anyCode,
  );
  assert.equal([refused, shown(), gateway.names()], ['rules-changed', 'ab', 'x']);
});

test.run();
