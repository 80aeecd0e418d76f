/** A number with its noun: "1 study", "2 studies". */
import { formatCount } from './format.ts';

const rules = new Intl.PluralRules('en');
export function counted(count: number, one: string, other: string): string {
  return `${formatCount(count)} ${rules.select(count) === 'one' ? one : other}`;
}
/** Said only to administrators; everybody else reads "images". */
export const instances = (count: number) => counted(count, 'instance', 'instances');
export const images = (count: number) => counted(count, 'image', 'images');
export const studies = (count: number) => counted(count, 'study', 'studies');
export const files = (count: number) => counted(count, 'file', 'files');
export const toDecide = (count: number) => `${counted(count, 'image needs', 'images need')} your decision`;
export const series = (count: number) => counted(count, 'series', 'series');
