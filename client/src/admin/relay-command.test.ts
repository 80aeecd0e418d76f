import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { relayCommand } from './relay-command.ts';

const test = suite('a command shown on a page');

test('is one that a shell takes as it is, whatever the name of the account', () => {
  const gateway = 'https://pacs.example.org/api';
  assert.is(
    relayCommand('vault list', 'anna@ward-2', gateway),
    'relay vault list --user anna@ward-2 --gateway https://pacs.example.org/api',
  );
  assert.is(
    relayCommand('vault list', "o'neill; rm x", gateway),
    "relay vault list --user 'o'\\''neill; rm x' --gateway https://pacs.example.org/api",
  );
});

test.run();
