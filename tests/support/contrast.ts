import type { Page } from 'playwright-core'
import { z } from 'zod'

/** A text of the page with too little contrast to what lies behind it. */
export type Pale = { readonly text: string; readonly ratio: number; readonly colour: string; readonly ground: string }

const pale = z.array(z.object({ text: z.string(), ratio: z.number(), colour: z.string(), ground: z.string() }))
const found = z.object({ texts: z.number(), pale })

/**
 * Every visible text by the colours that the browser computed: its own over all grounds behind it, alpha and opacity
 * included, against WCAG 2.2 AA (4.5, large text 3). Text that is meant to be invisible (alpha 0) is left out.
 */
export async function paleTexts(page: Page): Promise<{ readonly texts: number; readonly pale: readonly Pale[] }> {
  return found.parse(await page.evaluate(MEASURE))
}

const MEASURE = `(() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true })
  // A canvas knows every notation a computed colour may have.
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data
    return [r, g, b, a / 255]
  }
  const over = ([r, g, b, a], below) => [r, g, b].map((one, i) => one * a + below[i] * (1 - a))
  const luminance = (colour) => {
    const [r, g, b] = colour.map((one) => one / 255).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const chain = (element) => (element === null ? [] : [...chain(element.parentElement), element])
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const pale = []
  let texts = 0
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim()
    const element = walker.currentNode.parentElement
    if (text === '' || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue
    if (element.closest('.unseen, script, style') !== null) continue
    const style = getComputedStyle(element)
    const own = rgba(style.color)
    if (own[3] === 0) continue
    texts++
    let ground = [255, 255, 255]
    let opacity = 1
    for (const one of chain(element)) {
      const { backgroundColor, backgroundImage, opacity: part } = getComputedStyle(one)
      opacity *= Number(part)
      if (backgroundImage !== 'none') {
        // The stripes of the banner: the darker one is the harder one.
        const stops = [...backgroundImage.matchAll(/rgba?\\([^)]*\\)/g)].map(([stop]) => rgba(stop).slice(0, 3))
        ground = stops.toSorted((a, b) => luminance(a) - luminance(b))[0] ?? ground
      } else ground = over(rgba(backgroundColor), ground)
    }
    const seen = over([own[0], own[1], own[2], own[3] * opacity], ground)
    const [light, dark] = [luminance(seen), luminance(ground)].toSorted((a, b) => b - a)
    const ratio = (light + 0.05) / (dark + 0.05)
    const size = Number.parseFloat(style.fontSize)
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700)
    if (ratio < (isLarge ? 3 : 4.5)) pale.push({ text, ratio, colour: style.color, ground: ground.join() })
  }
  return { texts, pale }
})()`
