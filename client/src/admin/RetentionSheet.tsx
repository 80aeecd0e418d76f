/** How long what is kept: the sheet shows first what the new times would delete, and sets them only then. */
import { useSignal } from '@preact/signals';
import {
  RETAINED,
  type Retained,
  type Retention,
  type RetentionDays,
  retentionDaysSchema,
} from '#shared/protocol/retention.ts';
import { TextField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { retentionWords } from './retention-words.ts';
import type { RetentionStore } from './retention.store.ts';

const words = retentionWords.sheet;

type Props = {
  readonly days: RetentionDays;
  readonly store: Pick<RetentionStore, 'plan' | 'set'>;
  readonly onClose: () => void;
};

export function RetentionSheet({ days, store, onClose }: Props) {
  const form = useForm<Retained>(troubleOf);
  const planned = useSignal<Retention | null>(null);
  const save = (data: FormData) =>
    form.submit(async () => {
      const read = retentionDaysSchema.safeParse(
        Object.fromEntries(RETAINED.map((kind) => [kind, daysIn(String(data.get(kind)))])),
      );
      if (!read.success)
        return { ...mistakeOf(words.wrong), field: read.error.issues[0]!.path[0] as Retained };
      if (JSON.stringify(planned.value?.days) === JSON.stringify(read.data)) {
        await store.set(read.data);
        onClose();
      } else planned.value = await store.plan(read.data);
    });
  return (
    <FormSheet
      title={words.title}
      form={form}
      words={{ ...kitWords.saving, submit: planned.value === null ? words.look : words.save }}
      onSubmit={save}
      onClose={onClose}
    >
      <p class="small quiet">{words.empty}</p>
      {RETAINED.map((kind) => (
        <TextField
          key={kind}
          name={kind}
          label={words.days(retentionWords.kinds[kind].name)}
          what={retentionWords.kinds[kind].what}
          inputMode="numeric"
          initial={days[kind] === null ? '' : String(days[kind])}
          onChange={() => (planned.value = null)}
        />
      ))}
      {planned.value && <Consequence of={planned.value} />}
    </FormSheet>
  );
}

/** An empty field keeps for ever; what is no number is none of the schema’s values. */
const daysIn = (text: string): number | null => (text.trim() === '' ? null : Number(text));

function Consequence({ of: { kinds } }: { readonly of: Retention }) {
  // What goes to the archive of the trail is not gone.
  const due = kinds.filter((one) => one.due > 0 && one.kind !== 'audit');
  return (
    <div role="status">
      {due.length === 0 ? (
        <p>{words.nothing}</p>
      ) : (
        <Notice kind="wait" title={words.plan}>
          <ul>
            {due.map(({ kind, due: count }) => (
              <li key={kind} class="numbers">
                {retentionWords.deleted(count, kind)}
              </li>
            ))}
          </ul>
          <p>{words.final}</p>
        </Notice>
      )}
    </div>
  );
}
