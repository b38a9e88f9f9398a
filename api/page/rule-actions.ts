import { element, write } from './dom.ts'
import { readOneRule, type Rule } from './rules.ts'
import type { Writer } from './writing.ts'

export type RuleButtons = { readonly all: readonly HTMLButtonElement[]; show(rule: Rule): void }

/** Buttons that change what of a rule is active; what the server says goes into `problem`. */
export function createRuleButtons(writer: Writer, problem: HTMLElement, onChange: (rule: Rule) => void): RuleButtons {
  let rule: Rule | undefined
  const power = element('button', 'Activate')
  const back = element('button', 'Roll back')
  power.type = 'button'
  back.type = 'button'
  back.hidden = true
  power.addEventListener('click', () => {
    if (rule !== undefined) void act(rule, isOff(rule) ? 'activate' : 'deactivate')
  })
  back.addEventListener('click', () => {
    if (rule !== undefined) void act(rule, 'rollback')
  })
  async function act(one: Rule, verb: string): Promise<void> {
    const changed = await changeRule(writer, problem, one, verb, {})
    if (changed !== undefined) onChange(changed)
  }
  return {
    all: [power, back],
    show(next) {
      rule = next
      const { previousVersion } = next.activation
      write(power, isOff(next) ? 'Activate' : 'Deactivate')
      power.setAttribute('aria-label', `${power.textContent} ${next.name}`)
      back.hidden = previousVersion === undefined
      write(back, `Roll back to version ${previousVersion ?? ''}`)
      back.setAttribute('aria-label', `Roll ${next.name} back to version ${previousVersion ?? ''}`)
    },
  }
}

const isOff = ({ activation }: Rule): boolean =>
  activation.activeVersion === undefined && activation.shadowVersion === undefined

/** Does one thing to a rule and returns it as it then stands; `undefined`: it was not done, and the reason is shown. */
export async function changeRule(
  writer: Writer,
  problem: HTMLElement,
  { id, name }: Pick<Rule, 'id' | 'name'>,
  verb: string,
  body: object,
): Promise<Rule | undefined> {
  write(problem, '')
  const outcome = await writer.send({ method: 'POST', path: `/api/v1/rules/${id}/${verb}`, body })
  if (outcome.kind === 'done') return readOneRule(outcome.document)
  if (outcome.kind === 'refused') {
    const said = outcome.diagnostics.map(({ message }) => ` ${message}`).join('')
    write(problem, `${name}: ${outcome.sentence}${said}`)
  }
  return undefined
}
