/** Makes the key of the backups on this device, and shows it before the gateway seals anything for it. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { BackupPlan } from '#shared/protocol/backups.ts';
import { CodeLine } from '../kit/CodeLine.tsx';
import { TextField, TickField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { backupsWords } from './backups-words.ts';
import type { BackupsStore } from './backups.store.ts';

const words = backupsWords.keySheet;
const DAILY = 24;

type Pair = { readonly identity: string; readonly recipient: string };

async function makePair(): Promise<Pair> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

type BackupKeySheetProps = {
  readonly plan: BackupPlan;
  readonly onPlan: BackupsStore['plan'];
  readonly onClose: () => void;
};

/** The first key also begins a backup each day. */
export function BackupKeySheet({ plan, onPlan, onClose }: BackupKeySheetProps) {
  const pair = useSignal<Pair | null>(null);
  const isKept = useSignal(false);
  const form = useForm<'password'>((error) => {
    const trouble = troubleOf(error);
    return { ...trouble, field: trouble.code === 'wrong-password' ? 'password' : null };
  });
  useEffect(() => {
    void makePair().then((made) => (pair.value = made));
  }, [pair]);
  const isFirst = plan.recipient === null;
  const save = (data: FormData) =>
    form.submit(async () => {
      if (!isKept.value) return mistakeOf(words.notKept);
      const { recipient } = pair.value!;
      const everyHours = isFirst ? DAILY : plan.everyHours;
      await onPlan({ ...plan, recipient, everyHours }, String(data.get('password')));
      onClose();
    });
  return (
    <FormSheet
      title={words.title}
      form={form}
      words={{ ...kitWords.saving, submit: words.submit }}
      isReady={pair.value !== null}
      onSubmit={save}
      onClose={onClose}
    >
      <p>{words.what}</p>
      {!isFirst && <p>{words.before}</p>}
      {pair.value === null ? <p class="quiet">{words.making}</p> : <CodeLine code={pair.value.identity} />}
      <TickField
        label={words.kept}
        isTicked={isKept.value}
        onTick={(isTicked) => (isKept.value = isTicked)}
      />
      <TextField
        label={words.password}
        name="password"
        what={words.passwordWhat}
        type="password"
        autocomplete="current-password"
      />
    </FormSheet>
  );
}
