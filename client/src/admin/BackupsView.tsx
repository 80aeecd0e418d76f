/** Backups: whether there is a good one, when they are made and for which key, and the files. */
import { useSignal } from '@preact/signals';
import { backupPlanSchema, type Backups } from '#shared/protocol/backups.ts';
import { CodeLine } from '../kit/CodeLine.tsx';
import { SelectField, TextField } from '../kit/fields.tsx';
import { formatBytes, formatMoment } from '../kit/format.ts';
import { FormSheet } from '../kit/FormSheet.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { usePageStore } from '../net/use-page-store.ts';
import { AdminPage } from './AdminPage.tsx';
import { BackupKeySheet } from './BackupKeySheet.tsx';
import { backupsWords as words, OFTEN } from './backups-words.ts';
import { type BackupsStore, createBackupsStore } from './backups.store.ts';

const REFRESH_MS = 30_000;
const moment = (at: string): string => formatMoment(new Date(at), new Date());

export function BackupsView() {
  const store = usePageStore(createBackupsStore, REFRESH_MS);
  const open = useSignal<'key' | 'plan' | null>(null);
  const close = (): void => {
    open.value = null;
  };
  const plan = store.backups.value.value?.plan;
  return (
    <AdminPage
      at="backups"
      intro={words.intro}
      of={store.backups}
      trouble={store.trouble}
      after={
        plan &&
        (open.value === 'key' ? (
          <BackupKeySheet plan={plan} onPlan={store.plan} onClose={close} />
        ) : (
          open.value === 'plan' && <PlanSheet plan={plan} onPlan={store.plan} onClose={close} />
        ))
      }
    >
      {(backups) =>
        backups.plan.recipient === null ? (
          <Notice kind="wait" title={words.none}>
            <p>{words.noneWhat}</p>
            <button type="button" class="button button-main" onClick={() => (open.value = 'key')}>
              {words.begin}
            </button>
          </Notice>
        ) : (
          <>
            <Standing of={backups} store={store} />
            <Settings of={backups} onOpen={(which) => (open.value = which)} />
            <Files of={backups} store={store} />
          </>
        )
      }
    </AdminPage>
  );
}

type PartProps = { readonly of: Backups; readonly store: BackupsStore };

function Standing({ of: { lastAt, isOverdue, isUnderWay, trouble }, store }: PartProps) {
  return (
    <>
      {trouble && (
        <Notice kind="stop" title={words.trouble[trouble.because].title}>
          <p>{words.trouble[trouble.because].next}</p>
        </Notice>
      )}
      {isOverdue && !trouble && (
        <Notice kind="stop" title={words.overdue}>
          <p>{words.overdueWhat}</p>
        </Notice>
      )}
      <div class="row">
        <p class="numbers" role="status">
          {isUnderWay ? words.underWay : lastAt === null ? words.noneMade : words.last(moment(lastAt))}
        </p>
        <button
          type="button"
          class="button button-main"
          disabled={isUnderWay || store.isBusy.value}
          onClick={() => void store.make()}
        >
          {words.now}
        </button>
      </div>
    </>
  );
}

type SettingsProps = { readonly of: Backups; readonly onOpen: (which: 'key' | 'plan') => void };

function Settings({ of: { plan }, onOpen }: SettingsProps) {
  return (
    <ul class="plain">
      <li class="hairline admin-row">
        <div class="admin-what">
          <h2>{words.plan}</h2>
          <p class="small quiet">{words.every(plan.everyHours, plan.keep)}</p>
        </div>
        <button type="button" class="button" aria-haspopup="dialog" onClick={() => onOpen('plan')}>
          {words.change}
        </button>
      </li>
      <li class="hairline admin-row">
        <div class="admin-what">
          <h2>{words.key}</h2>
          <p class="small quiet code-text">{words.keyIs(plan.recipient ?? '')}</p>
        </div>
        <button type="button" class="button" aria-haspopup="dialog" onClick={() => onOpen('key')}>
          {words.newKey}
        </button>
      </li>
    </ul>
  );
}

function Files({ of: { backups }, store }: PartProps) {
  return (
    <section class="stack" aria-label={words.list}>
      <h2>{words.list}</h2>
      <p class="small quiet">{backups.length === 0 ? words.noBackups : words.where}</p>
      <ul class="plain">
        {backups.map(({ name, bytes, madeAt }) => (
          <li key={name} class="hairline admin-row">
            <div class="admin-what">
              <p class="strong numbers">{moment(madeAt)}</p>
              <p class="small quiet numbers">
                {[formatBytes(bytes), ...(name.startsWith('before-') ? [words.beforeUpgrade] : [])].join(
                  kitWords.separator,
                )}
              </p>
              <p class="small quiet code-text">{name}</p>
            </div>
            <button
              type="button"
              class="button"
              aria-label={words.saveOf(name)}
              disabled={store.isBusy.value}
              onClick={() => void store.save(name)}
            >
              {words.save}
            </button>
          </li>
        ))}
      </ul>
      {backups[0] && (
        <div class="stack-tight">
          <p class="small">{words.restore}</p>
          <CodeLine code={`relay restore ${backups[0].name} --key KEYFILE`} />
        </div>
      )}
    </section>
  );
}

type PlanSheetProps = Pick<Backups, 'plan'> & {
  readonly onPlan: BackupsStore['plan'];
  readonly onClose: () => void;
};

function PlanSheet({ plan, onPlan, onClose }: PlanSheetProps) {
  const form = useForm<'everyHours' | 'keep'>(troubleOf);
  const save = (data: FormData) =>
    form.submit(async () => {
      const often = String(data.get('everyHours'));
      const asked = {
        ...plan,
        everyHours: often === '' ? null : Number(often),
        keep: Number(data.get('keep')),
      };
      if (!backupPlanSchema.safeParse(asked).success)
        return { ...mistakeOf(words.wrongKeep), field: 'keep' as const };
      await onPlan(asked);
      onClose();
    });
  const own = plan.everyHours === null ? '' : String(plan.everyHours);
  return (
    <FormSheet title={words.changeTitle} form={form} onSubmit={save} onClose={onClose}>
      <SelectField
        label={words.howOften}
        name="everyHours"
        initial={own}
        options={{ ...(own in OFTEN ? {} : { [own]: words.every(plan.everyHours, plan.keep) }), ...OFTEN }}
      />
      <TextField
        label={words.keep}
        name="keep"
        what={words.keepWhat}
        inputMode="numeric"
        initial={String(plan.keep)}
      />
    </FormSheet>
  );
}
