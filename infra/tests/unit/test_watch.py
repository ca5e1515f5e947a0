"""The watch: what it says of the other region, and when that does not answer."""

import unittest

import fake_aws
import watch
from botocore.exceptions import ConnectTimeoutError


class CloudWatch:
    def __init__(self, state=None, error=None):
        self.state, self.error = state, error

    def describe_alarms(self, AlarmNames, AlarmTypes):
        if self.error:
            raise self.error
        alarms = [{"AlarmName": AlarmNames[0], "StateValue": self.state}] if self.state else []
        return {"CompositeAlarms": alarms}


def seen(**given):
    return watch.look(fake_aws.client("cloudwatch", CloudWatch(**given)), "shop-prod-primary-impaired")


class Watch(unittest.TestCase):
    def test_state_of_the_other_region(self):
        for state, impaired in ("OK", 0), ("ALARM", 1), ("INSUFFICIENT_DATA", 0):
            with self.subTest(state):
                self.assertEqual(seen(state=state), {"Unreachable": 0, "Impaired": impaired})

    def test_region_that_does_not_answer_is_unreachable(self):
        timeout = ConnectTimeoutError(endpoint_url="https://monitoring.us-east-1.amazonaws.com")
        for error in timeout, fake_aws.Fault("InternalServiceFault"):
            with self.subTest(error):
                answer = seen(error=error)
                self.assertEqual((answer["Unreachable"], answer["Impaired"]), (1, 0))

    def test_alarm_that_does_not_exist_is_no_good_news(self):
        self.assertEqual(seen(), {"Unreachable": 1, "Impaired": 0})

    def test_report_is_in_the_embedded_format(self):
        report = watch.report({"Unreachable": 1, "Impaired": 0}, "shop-prod-primary", 1_800_000_000_000)
        (directive,) = report["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]:
            self.assertIsInstance(report[metric["Name"]], int)
        self.assertEqual(directive["Dimensions"], [["Watch"]])
        self.assertEqual(report["Watch"], "shop-prod-primary")


if __name__ == "__main__":
    unittest.main()
