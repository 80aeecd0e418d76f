/** How much each account may have under way, and how much it has. */
import { useSignal } from '@preact/signals';
import { quotaSchema, type Quota, type QuotaUse } from '#shared/protocol/quota.ts';
import { TextField, TickField } from '../kit/fields.tsx';
import { formatBytes, formatCount } from '../kit/format.ts';
import { FormSheet } from '../kit/FormSheet.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { usePageStore } from '../net/use-page-store.ts';
import { AdminPage } from './AdminPage.tsx';
import { quotasWords as words } from './quotas-words.ts';
import { createQuotasStore } from './quotas.store.ts';

type Limit = keyof Quota;
const LIMITS = Object.keys(words.fields) as readonly Limit[];
const GIGABYTE = 1e9;

/** The quota being edited: the site's default, or that of one account. `own` null: the account uses the default. */
type Changed = {
  readonly id: string | null;
  readonly title: string;
  readonly quota: Quota;
  readonly own: Quota | null;
};

/** The values change while people send. */
const REFRESH_MS = 30_000;

export function QuotasView() {
  const store = usePageStore(createQuotasStore, REFRESH_MS);
  const changed = useSignal<Changed | null>(null);
  const { value: form } = changed;
  return (
    <AdminPage
      at="quotas"
      intro={words.intro}
      of={store.quotas}
      after={form && <QuotaSheet {...form} onSave={store.save} onClose={() => (changed.value = null)} />}
    >
      {({ site, accounts }) => (
        <>
          <section class="stack" aria-label={words.site}>
            <h2>{words.site}</h2>
            <Row
              facts={LIMITS.map((limit) => `${words.fields[limit]}: ${amountOf(limit, site)}`)}
              changeOf={words.siteTitle}
              onChange={() => (changed.value = { id: null, title: words.siteTitle, quota: site, own: site })}
            />
          </section>
          <section class="stack" aria-label={words.accounts}>
            <h2>{words.accounts}</h2>
            <ul class="plain">
              {accounts.map(({ id, username, own, ...use }) => (
                <li key={id} class="hairline">
                  <Row
                    name={username}
                    facts={[...LIMITS.map((limit) => useOf(limit, use)), ...(own ? [words.own] : [])]}
                    changeOf={words.changeOf(username)}
                    onChange={() =>
                      (changed.value = { id, title: words.changeOf(username), quota: use.quota, own })
                    }
                  />
                </li>
              ))}
            </ul>
          </section>
        </>
      )}
    </AdminPage>
  );
}

const amountOf = (limit: Limit, amounts: Quota): string =>
  limit === 'bytes' ? formatBytes(amounts.bytes) : formatCount(amounts[limit]);

const useOf = (limit: Limit, { quota, used }: QuotaUse): string =>
  `${words.fields[limit]}: ${words.of(amountOf(limit, used), amountOf(limit, quota))}`;

type RowProps = {
  readonly name?: string;
  readonly facts: readonly string[];
  readonly changeOf: string;
  readonly onChange: () => void;
};

const Row = ({ name, facts, changeOf, onChange }: RowProps) => (
  <div class="admin-row">
    <div class="admin-what">
      {name && <bdi class="strong kept">{name}</bdi>}
      <p class="small quiet numbers">{facts.join(kitWords.separator)}</p>
    </div>
    <button type="button" class="button" aria-haspopup="dialog" aria-label={changeOf} onClick={onChange}>
      {words.change}
    </button>
  </div>
);

type QuotaSheetProps = Changed & {
  readonly onSave: (id: string | null, quota: Quota | null) => Promise<void>;
  readonly onClose: () => void;
};

function QuotaSheet({ id, title, quota, own, onSave, onClose }: QuotaSheetProps) {
  const follows = useSignal(own === null);
  const form = useForm<Limit>(troubleOf);
  const save = (data: FormData) =>
    form.submit(async () => {
      if (!follows.value) {
        const typed = LIMITS.map((limit) => {
          const text = String(data.get(limit)).trim();
          const amount = text === '' ? Number.NaN : Number(text);
          return [limit, limit === 'bytes' ? Math.round(amount * GIGABYTE) : amount] as const;
        });
        const read = quotaSchema.safeParse(Object.fromEntries(typed));
        if (!read.success)
          return { ...mistakeOf(words.wrong), field: read.error.issues[0]!.path[0] as Limit };
        await onSave(id, read.data);
      } else await onSave(id, null);
      onClose();
    });
  return (
    <FormSheet title={title} form={form} onSubmit={save} onClose={onClose}>
      {id !== null && (
        <TickField
          label={words.follow}
          isTicked={follows.value}
          onTick={(isTicked) => (follows.value = isTicked)}
        />
      )}
      {!follows.value &&
        LIMITS.map((limit) => (
          <TextField
            key={limit}
            name={limit}
            label={words.fields[limit]}
            what={limit === 'patients' ? null : words.zero}
            inputMode={limit === 'bytes' ? 'decimal' : 'numeric'}
            initial={String(limit === 'bytes' ? quota.bytes / GIGABYTE : quota[limit])}
          />
        ))}
    </FormSheet>
  );
}
