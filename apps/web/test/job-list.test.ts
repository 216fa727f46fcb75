import { describe, expect, it } from 'vitest'
import { testSite } from './client.ts'

const site = await testSite()
const demo = site.definitions.demo
if (!demo) throw new Error('this site has no demo job')

/** Jobs of somebody new: nobody runs them. */
async function withJobs(name: string, labels: string[]) {
  const { browser, id } = await site.user(name)
  const ids = []
  for (const label of labels)
    ids.push((await site.jobs.enqueue(demo as NonNullable<typeof demo>, { label }, { owner: id })).id)
  const labelsAt = async (url: string) => {
    const { body } = await browser.get(url)
    return [...body.matchAll(/<bdi dir="auto">(.*?)<\/bdi>/g)].map(([, label]) => label)
  }
  return { browser, id, ids, labelsAt }
}

describe('the list of one’s own jobs', () => {
  it('is looked through by how they stand and by kind', async () => {
    const { browser, id, ids, labelsAt } = await withJobs('filterer', ['one', 'two'])
    await site.jobs.cancel(ids[0] ?? '', { owner: id })
    expect(await labelsAt('/jobs')).toEqual(['two', 'one'])
    expect(await labelsAt('/jobs?state=unfinished')).toEqual(['two'])
    expect(await labelsAt('/jobs?state=cancelled&kind=demo')).toEqual(['one'])
    expect(await labelsAt('/jobs?kind=export-posts')).toEqual([])
    const { body } = await browser.get('/jobs?state=failed')
    expect(body).toContain('No failed jobs.')
    expect(body).toMatch(/<a href="\/jobs\?state=failed#own" aria-current="true">Failed<\/a>/)
    expect(body).toContain('href="/jobs?state=failed&amp;kind=demo#own"')
    expect((await browser.get('/jobs?state=failed&kind=import-posts')).body).toContain(
      'No failed jobs of the kind “Import posts”.',
    )
  })

  it('says nothing of what was left empty, and is where the pages of its jobs belong', async () => {
    const { browser, ids, labelsAt } = await withJobs('nameless', [''])
    expect(await labelsAt('/jobs')).toEqual([])
    expect((await browser.get('/jobs')).body).toContain('<a href="/jobs" aria-current="page">Jobs</a>')
    const { body } = await browser.get(`/jobs/${ids[0]}`)
    expect(body).toContain('<a href="/jobs" aria-current="true">Jobs</a>')
    expect(body).toContain('<a href="/">Posts</a>')
  })

  it('has pages', async () => {
    const labels = Array.from({ length: 45 }, (_, i) => `job ${i}`)
    const { browser, labelsAt } = await withJobs('pager', labels)
    const newest = labels.toReversed()
    expect(await labelsAt('/jobs')).toEqual(newest.slice(0, 20))
    expect(await labelsAt('/jobs?page=2')).toEqual(newest.slice(20, 40))
    expect(await labelsAt('/jobs?page=3')).toEqual(newest.slice(40))
    const first = (await browser.get('/jobs?state=unfinished')).body
    expect(first).toContain('href="/jobs?state=unfinished&amp;page=2#own"')
    expect(first).not.toContain('Newer')
    const last = (await browser.get('/jobs?page=3')).body
    expect(last).toContain('href="/jobs?page=2#own"')
    expect(last).not.toContain('Older')
    expect((await browser.get('/jobs?page=4')).body).toContain('There are no more.')
  })

  it('takes what no link of ours says for nothing', async () => {
    const { browser, labelsAt } = await withJobs('odd', ['one'])
    for (const query of [
      'state=x',
      'kind=x',
      'page=0',
      'page=-1',
      'page=1e9',
      'page=x',
      'state=failed&state=x',
      'kind[]=x',
    ]) {
      expect(await labelsAt(`/jobs?${query}`), query).toEqual(['one'])
      expect((await browser.get(`/jobs?${query}`)).statusCode, query).toBe(200)
    }
  })
})
