"""Ten thousand visitors for the front desk: the answer is ours, as a person would press "Show more" two hundred times."""
COUNT = 10_000


def visitor(number, place):
    return {"id": f"vis_{number:026}", "status": "expected", "full_name": f"Visitor {number}", "company": "Contoso " * (number % 12), "host": {"name": "Maja Sjöberg"},
            "location_id": place, "expected_at": "2026-03-01T09:00:00Z", "checked_in_at": None, "checked_out_at": None, "badge_number": None}


def fill(page, place, **more):
    """Whatever is asked for, all of them are the answer. `more` is of each."""
    answer = {"visitors": [{**visitor(number, place), **more} for number in range(COUNT)], "pagination": {"has_more": False}}
    page.route("**/dashboard/api/v1/visitors?*", lambda route: route.fulfill(json=answer))
