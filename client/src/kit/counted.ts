/** A number with its noun: "1 study", "2 studies". */
import { formatCount } from './format.ts';

const rules = new Intl.PluralRules('en');
export function counted(count: number, one: string, other: string): string {
  return `${formatCount(count)} ${rules.select(count) === 'one' ? one : other}`;
}
export const instances = (count: number) => counted(count, 'instance', 'instances');
export const studies = (count: number) => counted(count, 'study', 'studies');
export const files = (count: number) => counted(count, 'file', 'files');
/** To decide, or to choose them again. */
export const needYou = (count: number) => `${counted(count, 'instance needs', 'instances need')} you`;
export const series = (count: number) => counted(count, 'series', 'series');
