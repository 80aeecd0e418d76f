/** Says that rules decide before the destination's own setting, and leads to them; nothing where there is none. */
import { hrefOf } from '../kit/routes.ts';
import { destinationWords as words } from './destination-words.ts';

export function RulesFirst({ rules }: { readonly rules: readonly string[] }) {
  if (rules.length === 0) return null;
  return (
    <div class="row">
      <p class="small quiet">{words.rulesFirst(rules)}</p>
      <a class="button button-bare" href={hrefOf({ page: 'admin', at: 'rules' })}>
        {words.toRules}
      </a>
    </div>
  );
}
