/** The words of `relay vault`, and what each runs. */
import type { Command } from './command.ts';
import {
  vaultApprove,
  vaultAsk,
  vaultClose,
  vaultDestroy,
  vaultHalf,
  vaultList,
  vaultMake,
  vaultOpen,
  vaultRefuse,
} from './vault.ts';

const CONNECTION = '[--gateway URL] [--token T | --user U] [--json]';

export const VAULT_COMMANDS: readonly Command[] = [
  { words: ['vault', 'list'], usage: `vault list [--half FILE] ${CONNECTION}`, run: vaultList },
  { words: ['vault', 'make'], usage: `vault make HOLDER HOLDER ${CONNECTION}`, run: vaultMake },
  { words: ['vault', 'half'], usage: `vault half FILE ${CONNECTION}`, run: vaultHalf },
  { words: ['vault', 'ask'], usage: `vault ask PSEUDONYM --reason REASON ${CONNECTION}`, run: vaultAsk },
  {
    words: ['vault', 'approve'],
    usage: `vault approve REQUEST --half FILE ${CONNECTION}`,
    run: vaultApprove,
  },
  { words: ['vault', 'refuse'], usage: `vault refuse REQUEST ${CONNECTION}`, run: vaultRefuse },
  { words: ['vault', 'open'], usage: `vault open REQUEST --half FILE ${CONNECTION}`, run: vaultOpen },
  { words: ['vault', 'close'], usage: `vault close VAULT ${CONNECTION}`, run: vaultClose },
  { words: ['vault', 'destroy'], usage: `vault destroy VAULT ${CONNECTION}`, run: vaultDestroy },
];
